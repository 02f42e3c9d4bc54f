/* metrics.c: the counts under the names that llama-server gives them, for dashboards that know those. */
#include "server/llama/llama.h"

static double per_second(double tokens, double seconds)
{
    return seconds > 0 ? tokens / seconds : 0;
}

bool llama_metrics(const struct scheduler_counts *counts, struct buffer *out, struct error *error)
{
    const double prompt = (double)counts->prompt_tokens, predicted = (double)counts->generated_tokens;
    const struct {
        const char *name, *kind, *help;
        double value;
    } rows[] = {
        { "prompt_tokens_total", "counter", "Tokens of prompts that were computed.", prompt },
        { "prompt_tokens_cached_total", "counter", "Tokens of prompts that were there already.",
          (double)counts->cached_tokens },
        { "prompt_seconds_total", "counter", "Seconds spent with prompts.", counts->prompt_seconds },
        { "tokens_predicted_total", "counter", "Tokens of answers.", predicted },
        { "tokens_predicted_seconds_total", "counter", "Seconds spent with answers.", counts->generation_seconds },
        { "n_decode_total", "counter", "Steps of the engine.", (double)counts->steps },
        { "n_tokens_max", "counter", "The longest answer so far, prompt included.", (double)counts->longest },
        { "prompt_tokens_seconds", "gauge", "Tokens of prompts in a second.",
          per_second(prompt, counts->prompt_seconds) },
        { "predicted_tokens_seconds", "gauge", "Tokens of answers in a second.",
          per_second(predicted, counts->generation_seconds) },
        { "requests_processing", "gauge", "Answers in the making.", (double)counts->running },
        { "requests_deferred", "gauge", "Requests that wait for a place.", (double)counts->waiting },
        { "n_busy_slots_per_decode", "gauge", "Tokens of answers in a step.",
          per_second(predicted, (double)counts->steps) },
        { "spec_decode_num_draft_tokens_total", "counter", "Tokens of drafts, of which there are none.", 0 },
        { "spec_decode_num_accepted_tokens_total", "counter", "Of these, accepted.", 0 },
        { "spec_decode_num_drafts_total", "counter", "Drafts, of which there are none.", 0 },
    };
    for (size_t i = 0; i < LENGTH(rows); i++)
        if (!buffer_format(out, error, "# HELP llamacpp:%s %s\n# TYPE llamacpp:%s %s\nllamacpp:%s %.17g\n",
                           rows[i].name, rows[i].help, rows[i].name, rows[i].kind, rows[i].name, rows[i].value))
            return false;
    return true;
}
