/* A grammar allows the texts of its language and no others, byte by byte: built in C, read from GBNF or from a JSON
 * Schema. (That schemas mean what validators say is for tests/clients/test_structured_output.py.) */
#include "check.h"

#include "engine/grammar/automaton.h"

struct fixture {
    struct grammar *grammar;
    struct language language;
    struct automaton automaton;
    struct error error;
};

static int open_fixture(void **state)
{
    struct fixture *fixture = calloc(1, sizeof *fixture);
    *state = fixture;
    return !grammar_open(&fixture->grammar, &fixture->error);
}

static int close_fixture(void **state)
{
    struct fixture *fixture = *state;
    automaton_close(&fixture->automaton);
    language_close(&fixture->language);
    grammar_close(fixture->grammar);
    free(fixture);
    return 0;
}

static void start_at(struct fixture *fixture, struct rule rule)
{
    automaton_close(&fixture->automaton);
    language_close(&fixture->language);
    assert_done(language_open(fixture->grammar, rule, &fixture->language, &fixture->error), &fixture->error);
    assert_done(automaton_open(&fixture->language, &fixture->automaton, &fixture->error), &fixture->error);
}

/* 2: a text of the language; 1: the beginning of one; 0: neither. */
static int look_at(struct fixture *fixture, struct span text)
{
    uint32_t state = fixture->automaton.start;
    fixture->automaton.effort = 0;
    for (size_t i = 0; i < text.bytes && state != STATE_DEAD; i++)
        assert_done(automaton_step(&fixture->automaton, state, text.data[i], &state, &fixture->error), &fixture->error);
    return state == STATE_DEAD ? 0 : automaton_state(&fixture->automaton, state)->complete ? 2 : 1;
}

static int look(struct fixture *fixture, const char *text)
{
    return look_at(fixture, span_text(text));
}

static void read_gbnf(struct fixture *fixture, const char *text)
{
    struct rule root;
    assert_done(grammar_gbnf(fixture->grammar, span_text(text), &root, &fixture->error), &fixture->error);
    start_at(fixture, root);
}

static void read_schema(struct fixture *fixture, const char *text)
{
    struct rule root;
    assert_done(grammar_schema(fixture->grammar, text, &root, &fixture->error), &fixture->error);
    start_at(fixture, root);
}

static const struct {
    const char *grammar;
    const char *in[8], *out[8];
} gbnf_cases[] = {
    { "root ::= \"yes\" | \"no\"", { "yes", "no" }, { "", "ye", "yesno", "n o" } },
    { "root ::= [a-c]+ [^a-c]? # a comment\n", { "a", "abcx", "ab\n", "aé", "a\xF0\x9F\x98\x80" }, { "", "x", "axx" } },
    { "root ::= (\"a\" | \"b\" \"c\")* \"d\"", { "d", "ad", "bcad" }, { "bd", "c", "da" } },
    { "root ::= \"x\"{2} [0-9]{1,} \"y\"{0,2}", { "xx0", "xx12yy" }, { "x0", "xx", "xxx1", "xx1yyy" } },
    { "root ::= \"\\x41\\u00e9\\U0001F600\\n\\t\\\\\\\"\"", { "Aé\xF0\x9F\x98\x80\n\t\\\"" }, { "A", "Aé" } },
    { "root ::= [\\]\\-\\\\^a-]+", { "]-\\^a" }, { "b", "[" } },
    { "root ::= .", { "a", "\n", "é", "\xF0\x9F\x98\x80" }, { "", "ab", "\xC3", "\xA9", "\xFF", "\xED\xA0\x80" } },
    { "root ::= a\n  | b\na ::= \"a\"\n\nb ::= \"b\" root?\n", { "a", "b", "bba" }, { "ab", "" } },
    { "# first\nroot ::= (\n  item # one\n  (\",\" item)*\n)\nitem ::= [0-9]+", { "1", "1,22" }, { "1,", ",1" } },
    { "root ::= expression\nexpression ::= term ([-+*/] term)*\nterm ::= [0-9]+ | \"(\" expression \")\"\n",
      { "1", "(1+2)*(3/4)", "((((1))))" },
      { "1+", "(1", "1)", "()" } },
    { "root ::= \"a\" root \"b\" | \"\"", { "", "ab", "aaabbb" }, { "aab", "abb", "ba" } },
    { "root ::= list\nlist ::= \"- \" [^\\n]+ \"\\n\" list?", { "- a\n", "- a\n- b\n" }, { "- a", "-a\n" } },
    { "root ::= ((\"a\"*)*)* \"b\"", { "b", "aab" }, { "a", "ba" } },
    { "root ::= (\"a\"? \"b\"?){3}", { "", "ab", "ababab", "ba" }, { "bbbb", "aaaa", "bababab" } },
    { "root ::= \"\"", { "" }, { "a" } },
    { "root ::= under_score\nunder_score ::= \"\xC3\xA9\"", { "é" }, { "e" } },
};

static void gbnf_means_what_it_says(void **state)
{
    for (size_t i = 0; i < LENGTH(gbnf_cases); i++) {
        struct fixture *fixture = *state;
        read_gbnf(fixture, gbnf_cases[i].grammar);
        for (size_t j = 0; j < LENGTH(gbnf_cases[i].in) && gbnf_cases[i].in[j]; j++)
            if (look(fixture, gbnf_cases[i].in[j]) != 2)
                fail_msg("%s: not \"%s\"", gbnf_cases[i].grammar, gbnf_cases[i].in[j]);
        for (size_t j = 0; j < LENGTH(gbnf_cases[i].out) && gbnf_cases[i].out[j]; j++)
            if (look(fixture, gbnf_cases[i].out[j]) == 2)
                fail_msg("%s: \"%s\"", gbnf_cases[i].grammar, gbnf_cases[i].out[j]);
        close_fixture(state);
        open_fixture(state);
    }
}

static const struct {
    const char *grammar, *says;
} refused[] = {
    { "root ::= root \"a\" | \"b\"", "\"root\" refers to itself" },
    { "root ::= a\na ::= b? c\nb ::= \"b\"\nc ::= a", "left recursion" },
    { "root ::= \"\"* root", "left recursion" },
    { "root ::= other", "no rule \"other\"" },
    { "rule ::= \"a\"", "no rule \"root\"" },
    { "", "no rule \"root\"" },
    { "root ::= \"a", "line 1: a text or a class without its end" },
    { "root ::= [a", "without its end" },
    { "root ::= [b-a]", "ends before it begins" },
    { "root ::= (\"a\"", "a ( without its )" },
    { "root ::= \"a\")", "does not go on" },
    { "root ::= \"a\"{3,2}", "wrong order" },
    { "root ::= \"a\"{,3}", "a count is wanted" },
    { "root ::= \"a\"{99999999999}", "too large" },
    { "root ::= \"\\q\"", "escape" },
    { "root ::= \"\\xG0\"", "hexadecimal" },
    { "root ::= \"\\uD800\"", "no such character" },
    { "\n\nroot := \"a\"", "line 3" },
    { "root ::= <think>", "references to tokens" },
    { "root ::= \"a\"\nroot ::= \"b\"", "was there before" },
    { "root ::= \"\xC3\"", "not valid UTF-8" },
};

static void gbnf_that_can_not_work_is_refused_with_its_line(void **state)
{
    (void)state;
    for (size_t i = 0; i < LENGTH(refused); i++) {
        struct grammar *grammar;
        struct rule root;
        struct error error = { 0 };
        assert_true(grammar_open(&grammar, &error));
        if (grammar_gbnf(grammar, span_text(refused[i].grammar), &root, &error))
            fail_msg("%s is taken", refused[i].grammar);
        assert_int_equal(error.kind, ERROR_WRONG_USE);
        assert_contains(error.text, refused[i].says);
        grammar_close(grammar);
    }
}

static void a_rule_without_any_text_is_refused(void **state)
{
    struct fixture *fixture = *state;
    struct rule root;
    assert_done(grammar_gbnf(fixture->grammar, span_text("root ::= \"a\" root"), &root, &fixture->error),
                &fixture->error);
    assert_false(language_open(fixture->grammar, root, &fixture->language, &fixture->error));
    assert_contains(fixture->error.text, "no text at all");
}

static void until_stops_where_its_end_begins(void **state)
{
    static const struct {
        const char *end, *in[4], *out[4];
    } cases[] = {
        { "</call>", { "", "a < b", "</cal", "é</cal</ca" }, { "</call>", "x</call>y", "</cal</call>" } },
        { "aab", { "aaa", "ab", "baba" }, { "aab", "aaaab" } },
        { "é", { "\xC3\xA8", "e" }, { "é", "xé", "\xC3", "\xA9" } },
        { "\n", { "abc" }, { "\n", "a\n" } },
    };
    for (size_t i = 0; i < LENGTH(cases); i++) {
        struct fixture *fixture = *state;
        struct rule rule;
        assert_done(grammar_until(fixture->grammar, span_text(cases[i].end), &rule, &fixture->error), &fixture->error);
        start_at(fixture, rule);
        for (size_t j = 0; j < 4 && cases[i].in[j]; j++)
            assert_int_equal(look(fixture, cases[i].in[j]), 2);
        for (size_t j = 0; j < 4 && cases[i].out[j]; j++)
            assert_int_not_equal(look(fixture, cases[i].out[j]), 2);
    }
}

static void rules_built_in_c_count_exactly(void **state)
{
    struct fixture *fixture = *state;
    struct grammar *grammar = fixture->grammar;
    struct rule a, b, two, parts[2], many;
    struct error *error = &fixture->error;
    assert_true(grammar_literal(grammar, span_text("ab"), &a, error));
    assert_true(grammar_literal(grammar, span_text("c"), &b, error));
    assert_true(grammar_repeat(grammar, a, 2, 3, &two, error));
    parts[0] = two;
    parts[1] = b;
    assert_true(grammar_sequence(grammar, parts, 2, &many, error));
    start_at(fixture, many);
    assert_int_equal(look(fixture, "abc"), 0);
    assert_int_equal(look(fixture, "ababc"), 2);
    assert_int_equal(look(fixture, "abababc"), 2);
    assert_int_equal(look(fixture, "abababab"), 0);
    assert_true(grammar_repeat(grammar, b, 1000000, 1000000000, &many, error));
    start_at(fixture, many);
    assert_int_equal(look(fixture, "cccc"), 1);
    assert_true(grammar_repeat(grammar, a, 0, 0, &many, error));
    start_at(fixture, many);
    assert_int_equal(look(fixture, ""), 2);
    assert_int_equal(look(fixture, "ab"), 0);
}

static void rules_that_are_no_rules_are_refused(void **state)
{
    struct fixture *fixture = *state;
    struct rule out, strange = { 77 };
    assert_false(grammar_sequence(fixture->grammar, &strange, 1, &out, &fixture->error));
    assert_false(grammar_repeat(fixture->grammar, strange, 1, 2, &out, &fixture->error));
    assert_true(grammar_literal(fixture->grammar, span_text("a"), &out, &fixture->error));
    assert_false(grammar_repeat(fixture->grammar, out, 3, 2, &out, &fixture->error));
    assert_false(grammar_until(fixture->grammar, span_text(""), &out, &fixture->error));
    assert_false(grammar_until(fixture->grammar, span_text("\xC3"), &out, &fixture->error));
}

static void white_space_of_json_has_an_end(void **state)
{
    struct fixture *fixture = *state;
    read_schema(fixture, "{\"type\": \"object\", \"properties\": {\"a\": {}}, \"required\": [\"a\"]}");
    assert_int_equal(look(fixture, "{\n    \"a\": [\n        1, 2\n    ]\n}"), 2);
    assert_int_equal(look(fixture, "{\"a\":1}"), 2);
    assert_int_equal(look(fixture, "{  \"a\":1}"), 0);
    assert_int_equal(look(fixture, "{\n\n"), 0);
    assert_int_equal(look(fixture, "{\n                                        "), 0);
    assert_int_equal(look(fixture, " {"), 0);
    assert_int_equal(look(fixture, "{\"a\":1} "), 0);
}

static void strings_of_json_are_whole_characters(void **state)
{
    static const char *const in[] = {
        "\"\"",        "\"é\xF0\x9F\x98\x80\"", "\"\\n\\\\\\/\\\"\"", "\"\\u00e9\"", "\"\\ud83d\\uDE00\"",
        "\"\\u0001\"", "\"\\uD7ff\\ue000\""
    };
    static const char *const out[] = { "\"\n\"",       "\"\xC3\"",    "\"\xED\xA0\x80\"",    "\"\xFF\"",
                                       "\"\\x\"",      "\"\\u00g0\"", "\"\\ud83d\"",         "\"\\ude00\"",
                                       "\"\\ud83dx\"", "\"\\u0000\"", "\"\xF4\x90\x80\x80\"" };
    struct fixture *fixture = *state;
    read_schema(fixture, "{\"type\": \"string\"}");
    for (size_t i = 0; i < LENGTH(in); i++)
        if (look(fixture, in[i]) != 2)
            fail_msg("not %s", in[i]);
    for (size_t i = 0; i < LENGTH(out); i++)
        if (look(fixture, out[i]) != 0)
            fail_msg("%s", out[i]);
}

static void lengths_count_characters_and_not_bytes(void **state)
{
    struct fixture *fixture = *state;
    read_schema(fixture, "{\"type\": \"string\", \"minLength\": 2, \"maxLength\": 2}");
    assert_int_equal(look(fixture, "\"\xF0\x9F\x98\x80é\""), 2);
    assert_int_equal(look(fixture, "\"\\ud83d\\ude00\\n\""), 2);
    assert_int_equal(look(fixture, "\"é\""), 0);
    assert_int_equal(look(fixture, "\"abc"), 0);
}

/* Whole numbers from a low to a high bound: all of them near the bounds, none beyond. */
static void whole_numbers_are_those_between_the_bounds(void **state)
{
    struct random random = random_start("whole numbers");
    for (int round = 0; round < 60; round++) {
        struct fixture *fixture = *state;
        const int scale = (int)random_in(&random, 1, 3) * (round % 3 ? 40 : 900);
        const int a = (int)random_in(&random, 0, (size_t)(2 * scale)) - scale;
        const int b = a + (int)random_in(&random, 0, (size_t)scale);
        const int divisor = (int)random_in(&random, 1, 9);
        char text[200];
        snprintf(text, sizeof text, "{\"type\": \"integer\", \"minimum\": %d, \"maximum\": %d, \"multipleOf\": %d}", a,
                 b, divisor);
        struct rule root;
        fixture->error = (struct error){ 0 };
        if (!grammar_schema(fixture->grammar, text, &root, &fixture->error)) {
            for (int i = a; i <= b; i++)
                assert_int_not_equal(i % divisor, 0);
        } else {
            start_at(fixture, root);
            for (int i = a - 20; i <= b + 20; i++) {
                snprintf(text, sizeof text, "%d", i);
                const bool allowed = look(fixture, text) == 2;
                if (allowed != (i >= a && i <= b && i % divisor == 0))
                    fail_msg("%d to %d by %d: %d", a, b, divisor, i);
            }
        }
        close_fixture(state);
        open_fixture(state);
    }
}

/* The number that two digits behind the point mean. */
static double as_written(double value)
{
    char text[32];
    snprintf(text, sizeof text, "%.2f", value);
    return strtod(text, NULL);
}

static void decimals_are_those_between_the_bounds(void **state)
{
    struct random random = random_start("decimals");
    for (int round = 0; round < 60; round++) {
        struct fixture *fixture = *state;
        const double unit = round % 2 ? 0.01 : 0.25;
        const double a = ((int)random_in(&random, 0, 400) - 200) * unit;
        const double b = a + (double)random_in(&random, 1, 300) * unit;
        const bool strict = random_in(&random, 0, 1);
        char text[200];
        snprintf(text, sizeof text, "{\"type\": \"number\", \"%s\": %.2f, \"%s\": %.2f}",
                 strict ? "exclusiveMinimum" : "minimum", a, strict ? "exclusiveMaximum" : "maximum", b);
        read_schema(fixture, text);
        const double from = as_written(a), to = as_written(b);
        for (int i = -100000; i <= 100000; i += (int)random_in(&random, 1, 60)) {
            char number[32];
            snprintf(number, sizeof number, "%s%d.%03d", i < 0 ? "-" : "", abs(i) / 1000, abs(i) % 1000);
            const double value = strtod(number, NULL);
            const bool inside = strict ? value > from && value < to : value >= from && value <= to;
            if ((look(fixture, number) == 2) != inside)
                fail_msg("%s: %s", text, number);
        }
        close_fixture(state);
        open_fixture(state);
    }
}

static void deep_recursion_is_led_to_its_end(void **state)
{
    struct fixture *fixture = *state;
    struct buffer text = { .limit = 1 << 16 };
    read_schema(fixture, "{}");
    size_t depth = 0;
    while (depth < 2000 && buffer_text(&text, "[", NULL) && look_at(fixture, buffer_span(&text)) == 1)
        depth++;
    assert_in_range(depth, 50, 500); /* many levels, but not any number */
    text.length--;
    for (size_t i = 0; i < depth; i++)
        assert_true(buffer_text(&text, "]", NULL));
    assert_int_equal(look_at(fixture, buffer_span(&text)), 2);
    buffer_free(&text);
}

static void hostile_schemas_end_soon(void **state)
{
    (void)state;
    struct random random = random_start("hostile schemas");
    static const char *const parts[] = {
        "{\"anyOf\":[%s,%s,%s]}",
        "{\"allOf\":[%s,%s]}",
        "{\"type\":\"object\",\"properties\":{\"a\":%s,\"b\":%s},\"required\":[\"a\"],\"additionalProperties\":%s}",
        "{\"type\":\"array\",\"items\":%s,\"minItems\":1000000000,\"maxItems\":1000000001}",
        "{\"oneOf\":[%s,%s]}",
        "{\"$ref\":\"#\",\"minimum\":3,\"title\":%s}",
    };
    for (int round = 0; round < 30; round++) {
        struct buffer text = { .limit = 1 << 20 };
        assert_true(buffer_text(&text, "{}", NULL));
        for (int depth = 0; depth < 40 && text.length < 100000; depth++) {
            struct buffer next = { .limit = 1 << 20 };
            const char *part = parts[random_in(&random, 0, LENGTH(parts) - 1)];
            for (const char *hole; (hole = strstr(part, "%s")); part = hole + 2) {
                assert_true(buffer_add(&next, part, (size_t)(hole - part), NULL));
                assert_true(buffer_add(&next, text.bytes, text.length, NULL));
            }
            assert_true(buffer_text(&next, part, NULL));
            buffer_free(&text);
            text = next;
        }
        struct grammar *grammar;
        struct rule root;
        struct error error = { 0 };
        const double start = seconds_now();
        assert_true(grammar_open(&grammar, &error));
        if (!grammar_schema(grammar, text.bytes, &root, &error))
            assert_int_equal(error.kind, ERROR_WRONG_USE);
        assert_true(seconds_now() - start < 5);
        grammar_close(grammar);
        buffer_free(&text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(gbnf_means_what_it_says, open_fixture, close_fixture),
        cmocka_unit_test(gbnf_that_can_not_work_is_refused_with_its_line),
        cmocka_unit_test_setup_teardown(a_rule_without_any_text_is_refused, open_fixture, close_fixture),
        cmocka_unit_test_setup_teardown(until_stops_where_its_end_begins, open_fixture, close_fixture),
        cmocka_unit_test_setup_teardown(rules_built_in_c_count_exactly, open_fixture, close_fixture),
        cmocka_unit_test_setup_teardown(rules_that_are_no_rules_are_refused, open_fixture, close_fixture),
        cmocka_unit_test_setup_teardown(white_space_of_json_has_an_end, open_fixture, close_fixture),
        cmocka_unit_test_setup_teardown(strings_of_json_are_whole_characters, open_fixture, close_fixture),
        cmocka_unit_test_setup_teardown(lengths_count_characters_and_not_bytes, open_fixture, close_fixture),
        cmocka_unit_test_setup_teardown(whole_numbers_are_those_between_the_bounds, open_fixture, close_fixture),
        cmocka_unit_test_setup_teardown(decimals_are_those_between_the_bounds, open_fixture, close_fixture),
        cmocka_unit_test_setup_teardown(deep_recursion_is_led_to_its_end, open_fixture, close_fixture),
        cmocka_unit_test(hostile_schemas_end_soon),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
