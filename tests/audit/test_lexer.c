/* The lexer: texts of programs in each language, and nothing that stands in a comment. */
#include "check.h"

#include "audit/code/lexer.h"

enum { MOST_TEXTS = 32 };

struct texts {
    struct token tokens[MOST_TEXTS];
    size_t count;
};

static struct texts read_texts(const char *language, const char *program)
{
    struct texts texts = { 0 };
    struct lexer lexer;
    code_open(&lexer, language_named(language), span_text(program), 1);
    for (struct token token; (token = code_next(&lexer)).type != TOKEN_END;)
        if (token.type == TOKEN_TEXT && texts.count < MOST_TEXTS)
            texts.tokens[texts.count++] = token;
    return texts;
}

/* The texts of a program, with '|' between them, and the line of the last. */
static void check_texts(const char *language, const char *program, const char *expected, size_t last_line)
{
    struct texts texts = read_texts(language, program);
    char joined[1024] = "";
    size_t length = 0;
    for (size_t i = 0; i < texts.count; i++)
        length += (size_t)snprintf(joined + length, sizeof joined - length, "%s%.*s", i ? "|" : "",
                                   (int)texts.tokens[i].text.bytes, (const char *)texts.tokens[i].text.data);
    assert_string_equal(joined, expected);
    assert_int_equal(texts.count ? texts.tokens[texts.count - 1].line : 0, last_line);
}

static void comments_are_not_read(void **state)
{
    (void)state;
    check_texts("javascript", "// \"a\"\n/* 'b'\n */ x('c') // 'd'", "c", 3);
    check_texts("python", "# 'a'\nx = 'b'  # 'c'\n", "b", 2);
    check_texts("rust", "/* \"a\" /* \"b\" */ \"c\" */ f(\"d\")", "d", 1);
    check_texts("ruby", "=begin\n'a'\n=end\nx = 'b' # 'c'\n", "b", 4);
    check_texts("lua", "--[[ 'a'\n'b' ]] x = 'c' -- 'd'\ny = [==[e]]]==]", "c|e]]", 3);
    check_texts("fsharp", "(* \"a\" (* \"b\" *) *) let x = \"c\"", "c", 1);
    check_texts("powershell", "<# 'a'\n#>\n$x = 'b' # 'c'", "b", 3);
    check_texts("clojure", "; \"a\"\n(def x \"b\")", "b", 2);
    check_texts("php", "// 'a' ?>\n$x = 'b'; # 'c'\n#[Route('d')]\n", "b|d", 3);
    check_texts("perl", "=pod\n\n'a'\n\n=cut\n$x = 'b';", "b", 6);
    check_texts("shell", "a#b 'c' # 'd'\n", "c", 1);
}

static void documentation_is_not_read(void **state)
{
    (void)state;
    check_texts("python", "\"\"\"module 'a'\"\"\"\ndef f():\n    \"\"\"b\n    c\"\"\"\n    return [\n    'd'\n    ]",
                "d", 6);
    check_texts("python", "class A:\n    'one line'\n    x = 'y'", "y", 3);
    check_texts("elixir", "@moduledoc \"\"\"\na \"b\"\n\"\"\"\n@url \"c\"", "c", 4);
}

static void texts_of_every_form_are_read(void **state)
{
    (void)state;
    check_texts("javascript", "a(`b ${c(`d`)} e`, 'f\\'g', \"h\")", "b ${c(`d`)} e|f\\'g|h", 1);
    check_texts("javascript", "x = /['\"]/.test('a') / 2 / 'b'", "a|b", 1);
    check_texts("python", "x = f'a' + rb\"b\" + '''c\nd'''", "a|b|c\nd", 1);
    check_texts("go", "x := `a\n\"b\"` + \"c\" + string('\"') + \"d\"", "a\n\"b\"|c|\"|d", 2);
    check_texts("rust", "fn f<'a>(x: &'a str) { g(r#\"a\"b\"#, \"c\") }", "a\"b|c", 1);
    check_texts("c", "x = R\"t(a\")b)t\"; char c = '\"'; s = \"d\";", "a\")b|\"|d", 1);
    check_texts("csharp", "x = @\"a\"\"b\" + $\"c{d}\" + \"e\"", "a\"\"b|c{d}|e", 1);
    check_texts("swift", "let x = #\"a\"b\"# + \"\"\"\nc\n\"\"\"", "a\"b|\nc\n", 1);
    check_texts("ruby", "x = %w[a b] + %q(c) + 5 % 3 + 'd'", "a b|c|d", 1);
    check_texts("lua", "x = \"a\" .. 'b'", "a|b", 1);
    check_texts("dart", "var x = r'a' + '''b''';", "a|b", 1);
}

static void heredocs_end_where_they_say(void **state)
{
    (void)state;
    check_texts("ruby", "f(<<~SQL, 'a')\n  it's\n  SQL\ny = 'b'\n", "a|  it's\n|b", 4);
    check_texts("shell", "cat <<'EOF' > x\nit's # no comment\nEOF\ny='b'\n", "it's # no comment\n|b", 4);
    check_texts("php", "$x = <<<EOT\nit's\nEOT;\n$y = 'b';", "it's\n|b", 4);
}

static void an_apostrophe_in_a_page_is_no_text(void **state)
{
    (void)state;
    check_texts("javascript", "return <p>Don't</p>;\nx = 'a'\n", "a", 2);
}

static void lines_are_counted_through_texts_and_comments(void **state)
{
    (void)state;
    check_texts("javascript", "/*\n\n*/ a(`\n\n`)\n\nb('c')", "\n\n|c", 7);
}

static void hostile_text_ends_soon(void **state)
{
    (void)state;
    static const char *const pieces[] = { "`${",   "'\\", "\"\n",  "r#\"", "%w[", "[==[",
                                          "<<~A ", "/[",  "R\"x(", "@\"",  "/*" };
    static const char *const names[] = { "javascript", "ruby", "rust", "lua", "c", "csharp", "php", "python", "shell" };
    struct buffer text = { .limit = 4 << 20 };
    struct error error = { 0 };
    const double begin = seconds_now();
    for (size_t i = 0; i < LENGTH(pieces); i++) {
        text.length = 0;
        while (text.length < 1 << 20)
            assert_done(buffer_text(&text, pieces[i], &error), &error);
        for (size_t j = 0; j < LENGTH(names); j++)
            read_texts(names[j], text.bytes);
    }
    assert_true(seconds_now() - begin < 30);
    buffer_free(&text);
}

int main(void)
{
    RUN_TESTS(TEST(comments_are_not_read), TEST(documentation_is_not_read), TEST(texts_of_every_form_are_read),
              TEST(heredocs_end_where_they_say), TEST(an_apostrophe_in_a_page_is_no_text),
              TEST(lines_are_counted_through_texts_and_comments), TEST(hostile_text_ends_soon));
}
