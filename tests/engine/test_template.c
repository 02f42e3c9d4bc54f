/* What template_open and template_render promise their callers. That the language is jinja2's is compared with jinja2
 * itself, in tests/cli/test_template_*.py. */
#include "check.h"
#include "engine/engine.h"

static const struct conversation hello = { .messages_json = "[{\"role\": \"user\", \"content\": \"Hello\"}]" };

/* Renders into a buffer of so many bytes. */
static bool render(const char *source, const struct conversation *conversation, struct buffer *prompt,
                   struct error *error)
{
    struct template *template = NULL;
    const bool done = template_open(span_text(source), "chat", &template, error) &&
                      template_render(template, conversation, prompt, error);
    template_close(template);
    return done;
}

static void check_prompt(const char *source, const struct conversation *conversation, const char *expected)
{
    struct buffer prompt = { .limit = 1000 };
    struct error error = { 0 };
    assert_done(render(source, conversation, &prompt, &error), &error);
    assert_string_equal(prompt.bytes ? prompt.bytes : "", expected);
    buffer_free(&prompt);
}

static void check_refused(const char *source, size_t limit, const char *expected)
{
    struct buffer prompt = { .limit = limit };
    struct error error = { 0 };
    assert_false(render(source, &hello, &prompt, &error));
    assert_int_equal(error.kind, ERROR_COULD_NOT);
    assert_contains(error.text, expected);
    assert_true(prompt.length <= limit);
    buffer_free(&prompt);
}

static void a_prompt_is_made_of_messages(void **state)
{
    (void)state;
    check_prompt("{% for m in messages %}<{{ m.role }}>{{ m['content'] }}{% endfor %}", &hello, "<user>Hello");
}

static void what_is_not_given_is_empty_or_none(void **state)
{
    (void)state;
    check_prompt("{{ bos_token }}|{{ eos_token }}|{{ tools }}|{{ add_generation_prompt }}", &hello, "||None|False");
}

static void a_template_renders_any_number_of_times(void **state)
{
    (void)state;
    struct template *template = NULL;
    struct error error = { 0 };
    const char *source = "{% set l = [1] %}{% set _ = l.append(2) %}{{ l }}";
    assert_done(template_open(span_text(source), "chat", &template, &error), &error);
    for (int i = 0; i < 3; i++) {
        struct buffer prompt = { .limit = 100 };
        assert_done(template_render(template, &hello, &prompt, &error), &error);
        assert_string_equal(prompt.bytes, "[1, 2]");
        buffer_free(&prompt);
    }
    template_close(template);
}

static void the_prompt_is_appended_to_what_is_there(void **state)
{
    (void)state;
    struct buffer prompt = { .limit = 100 };
    struct error error = { 0 };
    assert_done(buffer_text(&prompt, "before ", &error), &error);
    assert_done(render("{{ messages[0].content }}", &hello, &prompt, &error), &error);
    assert_string_equal(prompt.bytes, "before Hello");
    buffer_free(&prompt);
}

static void a_prompt_never_passes_the_buffers_limit(void **state)
{
    (void)state;
    check_refused("{% for i in range(1000) %}{{ i }}{% endfor %}", 100, "longer than 100 bytes");
}

static void errors_name_the_template_and_the_line(void **state)
{
    (void)state;
    check_refused("a\nb\n{{ 1|frobnicate }}", 100, "chat:3: unknown filter 'frobnicate'");
    check_refused("a\n{% frobnicate %}", 100, "chat:2: unknown tag 'frobnicate'");
    check_refused("{{ raise_exception('not\nso') }}", 100, "chat:1: the template refuses: not?so");
}

static void the_date_is_the_callers(void **state)
{
    (void)state;
    setenv("TZ", "UTC", 1);
    tzset();
    const struct conversation then = { .messages_json = "[]", .now = 1764000000 };
    check_prompt("{{ strftime_now('%d %b %Y') }}", &then, "24 Nov 2025");
}

static void numbers_are_the_same_in_every_locale(void **state)
{
    (void)state;
    const struct conversation numbers = { .messages_json = "[1.5]" };
    check_prompt("{{ messages[0] + 1.25 }} {{ '2.5'|float }} {{ 1.5|tojson }}", &numbers, "2.75 2.5 1.5");
}

static void a_template_that_is_too_long_or_no_text_is_refused(void **state)
{
    (void)state;
    struct template *template = NULL;
    struct error error = { 0 };
    struct buffer source = { .limit = 1 << 20 };
    for (int i = 0; i < 300000; i += 10)
        assert_done(buffer_text(&source, "xxxxxxxxxx", &error), &error);
    assert_false(template_open(buffer_span(&source), "chat", &template, &error));
    assert_contains(error.text, "300000 bytes");
    assert_false(template_open(span_text("a\xC3("), "chat", &template, &error));
    assert_contains(error.text, "byte 1");
    assert_null(template);
    template_close(template);
    buffer_free(&source);
}

int main(void)
{
    RUN_TESTS(TEST(a_prompt_is_made_of_messages), TEST(what_is_not_given_is_empty_or_none),
              TEST(a_template_renders_any_number_of_times), TEST(the_prompt_is_appended_to_what_is_there),
              TEST(a_prompt_never_passes_the_buffers_limit), TEST(errors_name_the_template_and_the_line),
              TEST(the_date_is_the_callers), TEST(numbers_are_the_same_in_every_locale),
              TEST(a_template_that_is_too_long_or_no_text_is_refused));
}
