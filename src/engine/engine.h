/* engine.h: a model, its tokenizer and template, sequences of tokens; tokens in, logits out.
 *
 *   struct gguf       the file: keys and tensors, checked
 *   struct tokenizer  text to token ids and back                       from the file's keys
 *   struct template   messages to a prompt                             from the file's keys, or a text
 *   struct model      weights, packed for this processor; read-only, shared by threads
 *   struct sequence   one conversation's tokens and their KV cache; one user at a time
 *   struct engine     threads and scratch that run batches of tokens through a model; one user at a time
 *   struct sampler    logits to the next token
 *   struct answer     logits to an answer's text: sampler, decoder, texts that end it
 *   generate()        a prompt to a streamed answer, for one sequence
 */
#ifndef BASTIDE_ENGINE_H
#define BASTIDE_ENGINE_H

#include "base/base.h"

/* ---- the file ------------------------------------------------------------------------------------------------- */

struct gguf;

/* Maps and checks a GGUF file (versions 2 and 3): afterwards every key and tensor lies inside the file. Weights are
 * not read. Source: github.com/ggml-org/ggml/blob/master/docs/gguf.md */
MUST_USE bool gguf_open(const char *path, struct gguf **out, struct error *error);
void gguf_close(struct gguf *gguf);

/* What the file says of itself: one key and its value. */
enum gguf_fact_kind {
    GGUF_FACT_INTEGER,
    GGUF_FACT_REAL,
    GGUF_FACT_TRUTH,
    GGUF_FACT_TEXT, /* any bytes */
    GGUF_FACT_LIST, /* integer: how many values it has */
};

struct gguf_fact {
    struct span name;
    enum gguf_fact_kind kind;
    int64_t integer;
    double real;
    bool truth;
    struct span text;
};

/* All facts, ordered by name: i from 0 to gguf_fact_count() - 1. */
size_t gguf_fact_count(const struct gguf *gguf);
struct gguf_fact gguf_fact(const struct gguf *gguf, size_t i);

/* False if there is no such key. */
bool gguf_fact_find(const struct gguf *gguf, const char *name, struct gguf_fact *out);

/* Weights in all tensors. */
uint64_t gguf_parameters(const struct gguf *gguf);

/* How the file wants a text's vector made of its tokens' (ARCHITECTURE.pooling_type): 0 it does not say, 1 their mean,
 * 2 the first, 3 the last, 4 a reranker's. */
unsigned gguf_pooling(const struct gguf *gguf);

/* ---- text to tokens and back ---------------------------------------------------------------------------------- */

struct tokenizer;

#define TOKEN_NONE UINT32_MAX

/* A list of token ids that grows. Zero-initialised is empty. */
struct tokens {
    uint32_t *ids;
    size_t count;
    size_t capacity;
};

MUST_USE bool tokens_add(struct tokens *tokens, uint32_t id, struct error *error);
void tokens_free(struct tokens *tokens);

/* Builds the tokenizer that tokenizer.ggml.* describes: byte-level BPE ("gpt2") or SentencePiece ("llama").
 * The tokenizer points into gguf, which must stay open. */
MUST_USE bool tokenizer_open(const struct gguf *gguf, struct tokenizer **out, struct error *error);
void tokenizer_close(struct tokenizer *tokenizer);

struct encoding {
    bool add_special;   /* add what the model's metadata adds (BOS, EOS) */
    bool parse_special; /* the text of a special token becomes that token; else it is plain text */
    bool add_beginning; /* add BOS where the metadata adds it and the text does not begin with it already */
    bool quoted;        /* with parse_special: what tokenizer_quote marked is plain text, and the marks go away */
};

/* Appends the ids of text to out. Any bytes are accepted: what is not valid UTF-8 is encoded byte by byte where the
 * vocabulary has bytes, else as U+FFFD or the unknown token. A character that a byte-level vocabulary lacks is left
 * out. Time is linear in the text (n log n in a word without spaces). On failure out is as before. */
MUST_USE bool tokenizer_encode(const struct tokenizer *tokenizer, struct span text, struct encoding encoding,
                               struct tokens *out, struct error *error);

/* Appends text to out with marks in it, so that, encoded as quoted, it is plain text whatever special tokens it spells.
 * Marks are noncharacters of Unicode inside the texts of special tokens; all else stays as it is. */
MUST_USE bool tokenizer_quote(const struct tokenizer *tokenizer, struct span text, struct buffer *out,
                              struct error *error);

/* Appends text to out without the marks. */
MUST_USE bool tokenizer_unquote(struct span text, struct buffer *out, struct error *error);

/* The bytes that a token stands for, as they appear in running text; special (control) tokens give their own text if
 * special is true, else nothing. The bytes need not be whole characters. scratch is where they may be put. An id
 * outside the vocabulary gives nothing. */
struct span tokenizer_piece(const struct tokenizer *tokenizer, uint32_t id, bool special, char scratch[256]);

size_t tokenizer_vocabulary(const struct tokenizer *tokenizer);
uint32_t tokenizer_bos(const struct tokenizer *tokenizer); /* TOKEN_NONE if there is none */
uint32_t tokenizer_eos(const struct tokenizer *tokenizer); /* TOKEN_NONE if there is none */
bool tokenizer_adds_bos(const struct tokenizer *tokenizer);

/* Whether an answer ends with this token: EOS, EOT and the other ends of turn that families use. */
bool tokenizer_ends(const struct tokenizer *tokenizer, uint32_t id);

/* The tokens of a prompt that asks for what lies between two texts; TOKEN_NONE where there is none. */
struct middle_tokens {
    uint32_t prefix, suffix, middle;
    uint32_t repository, file; /* before the names of a repository and of a file */
};

/* From the file's keys, else by the texts that families use. False if prefix, suffix or middle is lacking. */
bool tokenizer_middle(const struct tokenizer *tokenizer, const struct gguf *gguf, struct middle_tokens *out);

/* Turns a stream of tokens into text that is always whole characters. */
struct decoder {
    const struct tokenizer *tokenizer;
    bool special;    /* show special tokens */
    bool started;    /* something was shown: a SentencePiece model drops the space before the first word */
    char pending[4]; /* the beginning of a character */
    size_t pending_bytes;
};

/* Appends the text that a token completes to out (perhaps none). Bytes that can be no character become U+FFFD. */
MUST_USE bool decoder_add(struct decoder *decoder, uint32_t id, struct buffer *out, struct error *error);

/* Appends U+FFFD for a character that was begun and never finished. */
MUST_USE bool decoder_end(struct decoder *decoder, struct buffer *out, struct error *error);

/* ---- messages to a prompt ------------------------------------------------------------------------------------- */

struct template;

/* Parses a chat template: Jinja, the part that chat templates use. name is for messages of error (a file's path). */
MUST_USE bool template_open(struct span source, const char *name, struct template **out, struct error *error);
void template_close(struct template *template);

/* Whether its source has this text, the name of an argument for example. */
bool template_mentions(const struct template *template, const char *text);

/* The chat template in the file's metadata (tokenizer.chat_template); an empty span if it has none. */
struct span gguf_chat_template(const struct gguf *gguf);

struct conversation {
    const char *messages_json; /* an array of {"role", "content", ...} */
    const char *tools_json;    /* an array, or NULL */
    const char *names_json;    /* an object of further names and what they stand for, or NULL */
    const char *bos, *eos;     /* what bos_token and eos_token stand for */
    bool add_generation_prompt;
    int64_t now;                    /* seconds since 1970, for templates that print the date */
    const struct tokenizer *quotes; /* all texts in the JSON above are quoted for it; NULL: they stay as they are */
};

/* Appends the prompt to out, whose limit bounds it. Steps and depth are bounded too: a hostile template ends with an
 * error, never runs on. raise_exception in the template becomes the error. */
MUST_USE bool template_render(const struct template *template, const struct conversation *conversation,
                              struct buffer *out, struct error *error);

/* ---- the model ------------------------------------------------------------------------------------------------ */

struct model;

struct model_facts {
    const char *name;         /* general.name, or "" */
    const char *architecture; /* general.architecture */
    const char *kernels;      /* which kernels run it: scalar, avx2, avx512 */
    size_t layers, width, context, vocabulary;
    size_t parameters;
    size_t weight_bytes;     /* what generating one token reads */
    size_t layer_parameters; /* what a prompt's token multiplies with: all but the output layer */
};

/* Packs the weights for this processor's kernels (BASTIDE_CPU forces weaker ones), with the pool's threads.
 * Fails before taking memory if the weights and a sequence of context tokens do not fit. gguf must stay open.
 * context 0: what the model was trained for, or less if memory is short. */
MUST_USE bool model_open(const struct gguf *gguf, struct pool *pool, size_t context, const struct progress *progress,
                         struct model **out, struct error *error);
void model_close(struct model *model);

/* What a model would take, without loading it. */
struct model_needs {
    size_t weight_bytes;  /* packed */
    size_t scratch_bytes; /* of an engine with a usual batch */
    size_t page_bytes;    /* of the cache of PAGE_TOKENS tokens */
    size_t context;       /* what it was trained for */
};
MUST_USE bool model_needs(const struct gguf *gguf, struct model_needs *out, struct error *error);

struct model_facts model_facts(const struct model *model);

/* Tokens that a sequence of this model can hold: the context that model_open settled on. */
size_t model_context(const struct model *model);

/* ---- sequences ------------------------------------------------------------------------------------------------ */

struct sequence;

MUST_USE bool sequence_open(const struct model *model, struct sequence **out, struct error *error);
void sequence_close(struct sequence *sequence);

size_t sequence_length(const struct sequence *sequence); /* tokens it holds */
size_t sequence_room(const struct sequence *sequence);   /* tokens it still takes */

/* Cuts it back to its first length tokens. False, changing nothing, if its state cannot go back there (a recurrent
 * state); it then has to start again from 0, which always works. */
MUST_USE bool sequence_cut(struct sequence *sequence, size_t length, struct error *error);

/* A second sequence with the same beginning; pages of the cache are shared until one of them writes. */
MUST_USE bool sequence_fork(const struct sequence *sequence, struct sequence **out, struct error *error);

/* ---- pages: a sequence's cache in pieces, so that beginnings can be kept, shared and put into files -------------- */

enum { PAGE_TOKENS = 32 };

/* The cache of PAGE_TOKENS tokens that follow each other, from a place that is a multiple of it. */
struct page;

/* The page of a sequence's tokens from number * PAGE_TOKENS on, of which it holds at least one; the caller holds it
 * too from now on, until page_release. */
struct page *sequence_page(const struct sequence *sequence, size_t number);
void page_release(struct page *page);

/* Appends the first count tokens (1 to PAGE_TOKENS) of a page to a sequence of the same model, whose length is a
 * multiple of PAGE_TOKENS and whose tokens are those that stood before the page. It is shared until somebody writes.
 * Fails if the sequence has no room. */
MUST_USE bool sequence_append(struct sequence *sequence, struct page *page, size_t count, struct error *error);

/* A page's bytes, the same for every sequence of tokens on every machine whose kernels have the same name; and a page
 * made of such bytes, which may be any: a wrong page makes wrong answers, no more. */
size_t model_page_bytes(const struct model *model);
struct span page_bytes(const struct model *model, const struct page *page);
MUST_USE bool page_open(const struct model *model, struct span bytes, struct page **out, struct error *error);

/* Pages of this model that exist, each counted once, however many sequences share it. */
size_t model_pages(const struct model *model);

/* ---- running -------------------------------------------------------------------------------------------------- */

struct engine;

/* batch: the most tokens that one call of engine_run may bring; scratch is made for it here. The pool must outlive the
 * engine and may serve one caller at a time. */
MUST_USE bool engine_open(const struct model *model, struct pool *pool, size_t batch, struct engine **out,
                          struct error *error);
void engine_close(struct engine *engine);

/* One token to run. Its position is the length of its sequence, counting the tokens before it in the batch. */
struct batch_token {
    struct sequence *sequence;
    uint32_t token;
    bool wants_logits;
};

/* Runs tokens of any sequences through the model and appends each to its sequence.
 * tokens  [count] ids below the vocabulary; count from 1 to the engine's batch
 * logits  [wanted][vocabulary] float32, unnormalised, a row for each token that wants them, in their order; owned by
 *         the engine until its next call
 * What a token gets depends on its sequence alone, to the bit: not on the batch, nor on how it was cut, nor on the
 * number of threads. Fails with the sequences as before: full, an id out of range, memory.
 * Source: Vaswani et al. 2017; what differs by architecture is in architecture.h. */
MUST_USE bool engine_run(struct engine *engine, const struct batch_token *tokens, size_t count, const float **logits,
                         struct error *error);

/* The same, but gives the rows before the output layer: the last states after the final norm, [wanted][width]. */
MUST_USE bool engine_run_states(struct engine *engine, const struct batch_token *tokens, size_t count,
                                const float **states, struct error *error);

/* ---- the machine's limits ------------------------------------------------------------------------------------- */

struct machine {
    double memory_bytes_per_second;  /* reading, all threads */
    double multiply_adds_per_second; /* of 8-bit numbers, with the instructions of the model's kernels */
};

/* Measures for about a second, with the pool's threads. */
MUST_USE bool machine_measure(const struct model *model, struct pool *pool, struct machine *out, struct error *error);

/* ---- choosing a token ----------------------------------------------------------------------------------------- */

struct sampling {
    float temperature;       /* 0: greedy */
    uint32_t top_k;          /* 0: off */
    float top_p;             /* 1: off */
    float min_p;             /* 0: off */
    float repeat_penalty;    /* 1: off */
    float presence_penalty;  /* 0: off */
    float frequency_penalty; /* 0: off */
    uint32_t penalty_window; /* how many of the last tokens the penalties look at; 0: none */
    uint64_t seed;
};

/* What Bastide uses where nobody says otherwise. */
struct sampling sampling_default(void);

/* False with a text that names the field when a value is out of its range. */
MUST_USE bool sampling_check(const struct sampling *sampling, struct error *error);

struct sampler;

MUST_USE bool sampler_open(const struct sampling *sampling, size_t vocabulary, struct sampler **out,
                           struct error *error);
void sampler_close(struct sampler *sampler);

/* Tells the sampler of a token that is in the text (prompt or answer), for the penalties. */
void sampler_accept(struct sampler *sampler, uint32_t token);

/* Chooses from logits [vocabulary], which it may not change. The same seed, logits and history give the same token.
 * Equal logits: the lower id first. NaN counts as minus infinity. */
uint32_t sampler_choose(struct sampler *sampler, const float *logits);

/* The logarithm of the sum of exp(logit): a logit less this is the logarithm of its probability. NaN counts as minus
 * infinity; within 1e-6. */
double logits_log_sum(const float *logits, size_t count);

/* ---- texts that an answer may have ------------------------------------------------------------------------------ */

/* A language: rules over bytes of UTF-8, built from the leaves up; the last step is grammar_start. Read-only once a
 * constraint was made of it. Rules are numbers from the functions below; they may refer to each other. */
struct grammar;
struct rule {
    uint32_t id;
};

MUST_USE bool grammar_open(struct grammar **out, struct error *error);
void grammar_close(struct grammar *grammar);

MUST_USE bool grammar_literal(struct grammar *grammar, struct span text, struct rule *out, struct error *error);
MUST_USE bool grammar_sequence(struct grammar *grammar, const struct rule *rules, size_t count, struct rule *out,
                               struct error *error);
MUST_USE bool grammar_choice(struct grammar *grammar, const struct rule *rules, size_t count, struct rule *out,
                             struct error *error);

/* rule between least and most times; most SIZE_MAX: any number. */
MUST_USE bool grammar_repeat(struct grammar *grammar, struct rule rule, size_t least, size_t most, struct rule *out,
                             struct error *error);

/* Any text, of whole characters, that does not contain end; the text itself, without end. */
MUST_USE bool grammar_until(struct grammar *grammar, struct span end, struct rule *out, struct error *error);

/* JSON that a JSON Schema allows: the keywords that OpenAI's structured output uses. Fails with ERROR_WRONG_USE, naming
 * the place and the keyword ("/properties/age: pattern: ..."), for one that is not supported: none is ignored, but for
 * annotations (title, description, default, examples, $schema, $id, $comment). schema_json NULL: any JSON object. */
MUST_USE bool grammar_schema(struct grammar *grammar, const char *schema_json, struct rule *out, struct error *error);

/* Rules in GBNF, as llama.cpp writes them; the rule "root" is the result. */
MUST_USE bool grammar_gbnf(struct grammar *grammar, struct span text, struct rule *out, struct error *error);

/* A grammar on a vocabulary: which tokens may come next, worked out once for each place in the grammar and kept.
 * May be used by several answers, from several threads. Points into grammar and tokenizer. */
struct constraint;
MUST_USE bool constraint_open(const struct grammar *grammar, struct rule start, const struct tokenizer *tokenizer,
                              struct constraint **out, struct error *error);
void constraint_close(struct constraint *constraint);

/* Constraints that are kept for the next who wants the same, as long as a model is loaded. Each belongs to an owner:
 * another's wish never finds it, nor is served faster for it. Any thread may take and give back. */
struct shelf;
MUST_USE bool shelf_open(struct shelf **out, struct error *error);

/* All that was taken has been given back. */
void shelf_close(struct shelf *shelf);

struct shelf_wish {
    const struct tokenizer *tokenizer; /* the same for all of a shelf */
    const char *owner;
    struct span description; /* of the language: the same for no other */
    bool (*build)(void *context, struct grammar *grammar, struct rule *start, struct error *error);
    void *context;
};

/* The constraint of that description, built if it is not there. shelf NULL: for this one use. */
struct shelved;
MUST_USE bool shelf_take(struct shelf *shelf, const struct shelf_wish *wish, struct shelved **out, struct error *error);
struct constraint *shelved_constraint(const struct shelved *shelved); /* NULL of NULL */
void shelf_return(struct shelved *shelved);

/* What is kept: the least recently used goes first, but nothing that is in use. */
enum { SHELF_MOST = 64, SHELF_OWNER_MOST = 16, SHELF_BYTES_MOST = 1 << 27, SHELF_OWNER_BYTES_MOST = 1 << 25 };

struct shelf_counts {
    uint64_t compiled, found; /* so far */
    size_t kept, bytes;       /* now */
};
struct shelf_counts shelf_counts(struct shelf *shelf);

/* ---- an answer in the making ---------------------------------------------------------------------------------- */

/* Why an answer is over. */
enum answer_end {
    ANSWER_GOES_ON,
    ANSWER_DONE,      /* the model ended it */
    ANSWER_STOP_TEXT, /* a stop text came; the answer ends before it */
    ANSWER_LENGTH,    /* as many tokens as were wanted */
    ANSWER_CONTEXT,   /* the sequence is full */
    ANSWER_STOPPED,   /* the caller stopped it */
};

/* "end", "stop", "length", "context", "stopped". */
const char *answer_end_name(enum answer_end end);

enum { STOP_TEXTS_MOST = 16, STOP_TEXT_BYTES_MOST = 256 };

/* Added to a token's logit; minus infinity bans it. */
struct token_bias {
    uint32_t token;
    float bias;
};

struct answer_wishes {
    struct sampling sampling;
    size_t most_tokens;            /* 0: no limit but the context */
    const char *const *stop_texts; /* [stop_count] valid UTF-8, none empty; must stay until answer_close */
    size_t stop_count;
    struct constraint *constraint;   /* the answer's text must be of its language; NULL: any; must stay */
    const char *constraint_after;    /* it begins with the first occurrence of this text in the answer, which is part of
                                      the language; NULL: at once */
    bool show_special;               /* special tokens appear as their text */
    bool goes_on_past_end;           /* a token that ends an answer is never chosen */
    const struct token_bias *biases; /* [bias_count]; must stay until answer_close */
    size_t bias_count;
};

/* One answer: what turns each row of logits into the next token and the text that is certain by then. It knows neither
 * sequences nor batches, so that one loop can serve many answers. */
struct answer;

/* vocabulary: how many logits there are in a row. Fails with ERROR_WRONG_USE, naming the wish that can't be met. */
MUST_USE bool answer_open(const struct tokenizer *tokenizer, size_t vocabulary, const struct answer_wishes *wishes,
                          struct answer **out, struct error *error);
void answer_close(struct answer *answer);

/* Tells it of the prompt, for the penalties. */
void answer_accept(struct answer *answer, const uint32_t *tokens, size_t count);

/* Chooses the next token from logits [vocabulary] and appends to out the text that is certain: whole characters, no
 * stop text and nothing that may be the beginning of one. *end tells whether the answer goes on; if it does, the token
 * is to be run next. When it is over, what was held back has been appended. */
MUST_USE bool answer_take(struct answer *answer, const float *logits, uint32_t *token, struct buffer *out,
                          enum answer_end *end, struct error *error);

/* Which stop text ended it; NULL unless it ended with ANSWER_STOP_TEXT. */
const char *answer_stop_text(const struct answer *answer);

/* Ends an answer from outside (ANSWER_CONTEXT, ANSWER_STOPPED): appends what was held back. */
MUST_USE bool answer_finish(struct answer *answer, struct buffer *out, struct error *error);

/* ---- from a prompt to an answer, for one sequence ------------------------------------------------------------- */

/* A sequence and the tokens that it holds, so that a prompt which begins like the last one costs only its end. */
struct transcript {
    struct sequence *sequence;
    struct tokens tokens;
};

struct generation {
    const struct model *model;
    const struct tokenizer *tokenizer;
    struct engine *engine;
    size_t batch; /* tokens of the prompt to run at a time: at most what engine_open was told */
    struct answer_wishes wishes;

    /* Called with text as it becomes certain, never empty. False ends the generation with that error. */
    bool (*text)(void *context, struct span text, struct error *error);
    /* Asked before each token and each piece of the prompt; true stops. May be NULL. */
    bool (*stop)(void *context);
    void *context;
    const struct progress *progress; /* of the prompt, in tokens */
};

struct generated {
    enum answer_end end;
    size_t prompt_tokens; /* in the whole prompt */
    size_t kept_tokens;   /* of these, how many the sequence held already */
    size_t tokens;        /* chosen, with the one that ended the answer */
    double prompt_seconds, seconds;
};

/* Brings the transcript to the prompt (its common beginning stays, the rest is run) and generates an answer.
 * Afterwards the transcript holds the prompt and the answer but for its last token, also when it was stopped or failed
 * half-way: it always tells what the sequence holds. Fails with ERROR_WRONG_USE, with both numbers, if the prompt
 * leaves no room for an answer. */
MUST_USE bool generate(const struct generation *generation, const struct tokens *prompt, struct transcript *transcript,
                       struct generated *out, struct error *error);

#endif
