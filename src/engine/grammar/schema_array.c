/* schema_array.c: arrays.
 *
 *   array    "[" ( "]" | space next(0) )
 *   next(i)  item i, rest(i + 1)
 *   rest(i)  "," space next(i) | space "]"      the second only if i items are enough
 *
 * for the items that prefixItems describes one by one; those behind them are alike, and are counted. */
#include "engine/grammar/schema.h"

enum { PREFIX_MOST = 1000 };

struct array {
    struct schema *schema;
    const struct location *location;
    const json_t *prefix; /* list of schemas; NULL: none */
    size_t prefix_count;
    const json_t *items; /* schema of what comes behind them; NULL: nothing comes */
    size_t least, most;
    struct rule close; /* space "]" */
    struct rule item;
};

static bool read_array(struct array *array, const json_t *from)
{
    struct schema *schema = array->schema;
    array->most = ENDLESS;
    array->prefix = json_object_get(from, "prefixItems");
    array->prefix_count = json_array_size(array->prefix);
    array->items = json_object_get(from, "items");
    if (array->prefix && !json_is_array(array->prefix))
        return schema_refuse(schema, array->location, "prefixItems", "a list of schemas is wanted");
    if (array->prefix_count > PREFIX_MOST)
        return schema_refuse(schema, array->location, "prefixItems", "at most %d are possible", PREFIX_MOST);
    if (json_is_array(array->items))
        return schema_refuse(schema, array->location, "items", "a list of schemas is now written prefixItems");
    if (!schema_count(schema, from, "minItems", array->location, &array->least) ||
        !schema_count(schema, from, "maxItems", array->location, &array->most))
        return false;
    /* Where items are not spoken of, any may come; a model is asked for no more than needed behind a prefix. */
    if (!array->items && (array->prefix_count == 0 || array->least > array->prefix_count))
        array->items = json_true();
    if (json_is_false(array->items))
        array->items = NULL;
    if (!array->items && array->least > array->prefix_count)
        return schema_refuse(schema, array->location, "minItems", "only %zu items are allowed", array->prefix_count);
    if (array->least > array->most)
        return schema_refuse(schema, array->location, "minItems", "it is above maxItems");
    return true;
}

static bool compile_item(struct array *array, size_t i, struct rule *out)
{
    const struct location list = { .above = array->location, .name = "prefixItems" };
    const struct location here = { .above = &list, .index = i };
    return schema_compile(array->schema, json_array_get(array->prefix, i), &here, out);
}

/* Items that are alike, behind a first one: count least to most, each with its comma, and the end. */
static struct rule more_items(struct array *array, size_t least, size_t most)
{
    struct maker *maker = &array->schema->maker;
    const struct rule more = SEQUENCE(maker, make_text(maker, ","), array->schema->json.space, array->item);
    return SEQUENCE(maker, make_repeat(maker, more, least, most == ENDLESS ? SIZE_MAX : most), array->close);
}

/* rest(i) for the i behind the prefix. */
static struct rule rest_behind_prefix(struct array *array)
{
    const size_t count = array->prefix_count;
    if (!array->items || array->most <= count)
        return array->close;
    const size_t least = array->least > count ? array->least - count : 0;
    return more_items(array, least, array->most == ENDLESS ? ENDLESS : array->most - count);
}

/* next(0). */
static bool compile_items(struct array *array, struct rule *next)
{
    struct maker *maker = &array->schema->maker;
    const size_t count = size_min(array->prefix_count, array->most);
    struct rule rest = rest_behind_prefix(array), item;
    for (size_t i = count; i-- > 0;) {
        if (!compile_item(array, i, &item))
            return false;
        *next = SEQUENCE(maker, item, rest);
        const struct rule more = SEQUENCE(maker, make_text(maker, ","), array->schema->json.space, *next);
        rest = i >= array->least ? CHOICE(maker, more, array->close) : more;
    }
    if (count == 0 && array->items && array->most > 0) {
        const size_t least = array->least > 0 ? array->least - 1 : 0;
        const size_t most = array->most == ENDLESS ? ENDLESS : array->most - 1;
        *next = SEQUENCE(maker, array->item, more_items(array, least, most));
    } else if (count == 0) {
        *next = make_nothing(maker);
    }
    return !maker->failed;
}

bool schema_array(struct schema *schema, const json_t *object, const struct location *location, struct rule *out)
{
    struct maker *maker = &schema->maker;
    struct array array = { .schema = schema, .location = location };
    const struct location here = { .above = location, .name = "items" };
    struct rule next;
    if (!read_array(&array, object) || (array.items && !schema_compile(schema, array.items, &here, &array.item)))
        return false;
    const struct rule close = make_text(maker, "]");
    array.close = SEQUENCE(maker, schema->json.space, close);
    if (!compile_items(&array, &next))
        return false;
    const struct rule items = SEQUENCE(maker, schema->json.space, next);
    *out = SEQUENCE(maker, make_text(maker, "["), array.least == 0 ? CHOICE(maker, close, items) : items);
    return !maker->failed;
}
