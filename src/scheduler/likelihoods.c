/* likelihoods.c: how likely the model itself found a token, before anybody's settings: log softmax of the raw logits,
 * and only where it is asked for. */
#include "scheduler/state.h"

/* Puts a token into a falling list of at most tops; of equal ones the lower id stands first. */
static void insert(struct likelihood *list, size_t *count, size_t tops, struct likelihood entry)
{
    size_t place = *count < tops ? (*count)++ : tops - 1;
    for (; place > 0 && list[place - 1].log_probability < entry.log_probability; place--)
        list[place] = list[place - 1];
    list[place] = entry;
}

size_t likelihood_tell(const float *logits, size_t vocabulary, uint32_t token, size_t tops,
                       struct likelihood out[1 + TOPS_MOST])
{
    const double sum = logits_log_sum(logits, vocabulary);
    struct likelihood *list = out + 1;
    size_t count = 0;
    for (size_t i = 0; tops > 0 && i < vocabulary; i++)
        if (count < tops || logits[i] > list[count - 1].log_probability)
            insert(list, &count, tops, (struct likelihood){ (uint32_t)i, logits[i] });
    out[0] = (struct likelihood){ token, logits[token] };
    for (size_t i = 0; i < 1 + count; i++)
        out[i].log_probability = (float)((double)out[i].log_probability - sum);
    return 1 + count;
}
