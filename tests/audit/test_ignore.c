/* Rules of .gitignore, as git itself applies them (gitignore(5)). */
#include "audit/ignore.h"
#include "check.h"

struct rules {
    struct arena arena;
    struct ignore ignore;
};

static struct rules rules_of(const char *text)
{
    struct rules rules = { 0 };
    struct error error = { 0 };
    assert_true(ignore_read(span_text(text), 0, NULL, &rules.arena, &rules.ignore, &error));
    return rules;
}

/* Each row: rules, a path, whether it is a folder, whether git leaves it out. */
static void paths_are_left_out_as_git_does(void **state)
{
    (void)state;
    static const struct {
        const char *rules, *path;
        bool folder, out;
    } rows[] = {
        { "build", "build", true, true },
        { "build", "a/b/build", false, true },
        { "/build", "a/build", true, false },
        { "/build", "build", true, true },
        { "build/", "build", false, false },
        { "build/", "x/build", true, true },
        { "a/b", "a/b", false, true },
        { "a/b", "c/a/b", false, false },
        { "*.log", "x/y.log", false, true },
        { "*.log\n!keep.log", "keep.log", false, false },
        { "!keep.log\n*.log", "keep.log", false, true },
        { "**/logs", "a/b/logs", true, true },
        { "logs/**", "logs/a/b", false, true },
        { "logs/**", "logs", true, false },
        { "a/**/z", "a/z", false, true },
        { "a/**/z", "a/b/c/z", false, true },
        { "a/*/z", "a/b/c/z", false, false },
        { "[a-c]?.txt", "b1.txt", false, true },
        { "[!a-c]?.txt", "b1.txt", false, false },
        { "\\#x", "#x", false, true },
        { "# comment\n\n", "comment", false, false },
        { "name  ", "name", false, true },
        { "é.txt", "é.txt", false, true },
        { "x\r\ny\r\n", "x", false, true },
    };
    for (size_t i = 0; i < LENGTH(rows); i++) {
        struct rules rules = rules_of(rows[i].rules);
        if (ignore_matches(&rules.ignore, rows[i].path, rows[i].folder) != rows[i].out)
            fail_msg("%s: %s is%s left out", rows[i].rules, rows[i].path, rows[i].out ? " not" : "");
        arena_free(&rules.arena);
    }
}

static void the_file_deeper_down_decides(void **state)
{
    (void)state;
    struct rules above = rules_of("*.env\n");
    struct ignore below;
    struct error error = { 0 };
    assert_true(ignore_read(span_text("!prod.env"), 4, &above.ignore, &above.arena, &below, &error));
    assert_false(ignore_matches(&below, "app/prod.env", false));
    assert_true(ignore_matches(&below, "app/dev.env", false));
    arena_free(&above.arena);
}

static void a_hundred_thousand_rules_cost_little(void **state)
{
    (void)state;
    struct buffer text = { .limit = 8 << 20 };
    struct error error = { 0 };
    for (int i = 0; i < 100000; i++)
        assert_true(buffer_format(&text, &error, "name%d\n*a*a*a*a%d*b\n", i, i));
    struct rules rules = rules_of(text.bytes);
    assert_true(rules.ignore.cut);
    assert_true(ignore_matches(&rules.ignore, "x/name99999", false));
    char hostile[1001];
    memset(hostile, 'a', 1000);
    hostile[1000] = '\0';
    const double begun = seconds_now();
    for (int i = 0; i < 10; i++)
        assert_false(ignore_matches(&rules.ignore, hostile, false));
    assert_true(seconds_now() - begun < 5); /* not with the power of the stars */
    arena_free(&rules.arena);
    buffer_free(&text);
}

int main(void)
{
    RUN_TESTS(TEST(paths_are_left_out_as_git_does), TEST(the_file_deeper_down_decides),
              TEST(a_hundred_thousand_rules_cost_little));
}
