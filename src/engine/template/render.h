/* render.h: one rendering of a template: its memory, its budgets, its scopes; what evaluating and executing share. */
#ifndef BASTIDE_ENGINE_TEMPLATE_RENDER_H
#define BASTIDE_ENGINE_TEMPLATE_RENDER_H

#include "engine/template/node.h"

/* Names and what they stand for, innermost scope first. */
struct scope {
    struct scope *parent;
    struct variable {
        struct span name;
        struct value value;
    } * variables;
    size_t count, capacity;
};

/* A macro, or the body of a call block as the macro that it calls sees it ("caller"). */
struct macro {
    const struct node *node;
    struct scope *scope; /* where it was defined */
};

/* A loop that runs. Items that its test refuses are left out; they are tested as late as Jinja does, since the body
 * may change what the test sees. */
struct loop {
    const struct node *node;
    struct scope *outer;
    const struct value *items; /* of what is gone through */
    size_t count, next;        /* next: the first that was not tested yet */
    struct value *ready;       /* those that passed; items itself where there is no test */
    size_t ready_count;
    size_t index;               /* of the pass that runs, from 0 */
    size_t depth;               /* of recursive loops, from 0 */
    bool went_through;          /* a pass came to its end */
    const struct list *changed; /* what loop.changed() saw last */
};

enum jump { JUMP_NOT, JUMP_BREAK, JUMP_CONTINUE };

struct render {
    const char *name; /* of the template, for messages */
    unsigned line;    /* that is being worked on */
    struct arena arena;
    size_t bytes_left, steps_left; /* budgets: what a hostile template may use up */
    unsigned depth;                /* of evaluating and executing inside each other */
    struct scope *scope;
    struct buffer *out;    /* where printing goes: the prompt, or a text that a block makes */
    struct buffer *prompt; /* the caller's, who bounds it */
    enum jump jump;
    int64_t now;
    const struct tokenizer *quotes; /* for which texts from JSON are quoted; NULL: they stay as they are */
    struct error *error;
};

struct keyword {
    struct span name;
    struct value value;
};

enum { MOST_PARAMETERS = 6 };

/* A call of a filter, test, function or method. */
struct call {
    struct value self;                   /* what stands before "|", "is" or "." */
    struct value given[MOST_PARAMETERS]; /* one for each parameter of the builtin; KIND_MISSING where absent */
    const struct value *positional;      /* all of them, for builtins that take any */
    const struct keyword *keywords;
    size_t positional_count, keyword_count;
};

/* ---- failing and budgets ---------------------------------------------------------------------------------------- */

/* "NAME:LINE: what" with the line that is being worked on. Returns false. */
bool render_fail(struct render *render, const char *format, ...) PRINTF_LIKE(2, 3);

/* Counts work: one unit is some ten nanoseconds. Fails when the budget is spent. */
MUST_USE bool render_spend(struct render *render, size_t work);

/* Zeroed memory from the rendering's arena; NULL after failing, also when its budget is spent. */
MUST_USE void *render_take(struct render *render, size_t count, size_t size);

MUST_USE bool render_enter(struct render *render);
void render_leave(struct render *render);

/* ---- texts that are being built --------------------------------------------------------------------------------- */

/* An empty text; what is added to it counts as memory at once. Ends with text_end, always. */
struct buffer text_begin(void);
MUST_USE bool text_add(struct render *render, struct buffer *text, struct span more);
MUST_USE bool text_add_character(struct render *render, struct buffer *text, uint32_t c);
MUST_USE bool text_add_repeated(struct render *render, struct buffer *text, struct span more, size_t times);

/* Frees the buffer; if whole (what was added succeeded), its text is *out. Returns whether it is. */
MUST_USE bool text_end(struct render *render, struct buffer *text, bool whole, struct value *out);

/* ---- scopes ----------------------------------------------------------------------------------------------------- */

MUST_USE struct scope *scope_new(struct render *render, struct scope *parent);
MUST_USE bool scope_set(struct render *render, struct scope *scope, struct span name, struct value value);

/* The value of a name: of a variable, a global function, or undefined. */
MUST_USE bool scope_get(struct render *render, struct span name, struct value *out);

/* ---- evaluating (evaluate.c, operators.c, access.c, call.c) ----------------------------------------------------- */

MUST_USE bool evaluate(struct render *render, const struct node *node, struct value *out);

MUST_USE bool arithmetic(struct render *render, enum operation operation, struct value left, struct value right,
                         struct value *out);
MUST_USE bool compare(struct render *render, enum operation operation, struct value left, struct value right,
                      bool *result);

/* value.name: what value has of this name as an attribute, else as a key. */
MUST_USE bool attribute_get(struct render *render, struct value value, struct span name, struct value *out);

/* value[index]: as a key, else as an attribute. */
MUST_USE bool item_get(struct render *render, struct value value, struct value index, struct value *out);

/* value[start:stop:step]; each KIND_NONE if it is not written. */
MUST_USE bool slice_get(struct render *render, struct value value, const struct value parts[3], struct value *out);

/* "a.b.0" as filters take it: item by item. */
MUST_USE bool path_get(struct render *render, struct value value, struct value path, struct value *out);

/* Evaluates arguments (a list of NODE_ARGUMENT) into call, which keeps its self. */
MUST_USE bool call_arguments(struct render *render, const struct node *arguments, struct call *call);

/* Runs a builtin after having put the arguments where its parameters are. what: "filter", "test", "function". */
MUST_USE bool call_builtin(struct render *render, const char *what, const struct builtin *builtin, struct call *call,
                           struct value *out);

/* Calls a value. */
MUST_USE bool call_value(struct render *render, struct value callee, struct call *call, struct value *out);

/* Applies a NODE_FILTER's chain to value, which stands where its innermost subject is NULL. */
MUST_USE bool apply_filters(struct render *render, const struct node *filter, struct value value, struct value *out);

/* ---- executing (execute.c, loop.c) ------------------------------------------------------------------------------ */

MUST_USE bool execute(struct render *render, const struct node *statements);

/* Executes statements in a scope of their own, and gives what they print. */
MUST_USE bool execute_captured(struct render *render, const struct node *statements, struct scope *scope,
                               struct value *out);

MUST_USE bool assign(struct render *render, const struct node *target, struct value value);

MUST_USE bool macro_call(struct render *render, const struct macro *macro, const struct call *call, struct value *out);

MUST_USE bool execute_for(struct render *render, const struct node *node);
MUST_USE bool loop_attribute(struct render *render, struct loop *loop, struct span name, struct value *out);

/* loop(items) in a recursive loop. */
MUST_USE bool loop_call(struct render *render, const struct loop *loop, const struct call *call, struct value *out);

/* ---- values and text (show.c, json.c) --------------------------------------------------------------------------- */

/* str(value) */
MUST_USE bool value_str(struct render *render, struct value value, struct span *out);

/* Adds str(value), or repr(value) if quoted. */
MUST_USE bool value_show(struct render *render, struct buffer *text, struct value value, bool quoted);

/* repr of a float. */
const char *real_show(double real, char out[32]);

/* Parses JSON; its texts are quoted. what names it in errors. Fails for other than one value of modest size and
 * depth. */
MUST_USE bool value_parse_json(struct render *render, const char *what, const char *json, struct value *out);

#endif
