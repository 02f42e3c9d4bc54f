/* The register: the longest pattern wins, and nothing that only looks alike. */
#include "check.h"
#include "providers/providers.h"

static const char own_text[] =
    "- id: anna\n  name: Anna\n  entity: Anna SARL\n  owner: Berta SE\n  country: FR\n  source: x\n  date: 2026-11-24\n"
    "  services:\n"
    "    - {id: anna-all, name: Anna, category: cloud, domains: [anna.zz], npm: [\"@anna/*\", anna-sdk],\n"
    "       networks: [198.51.100.0/24, \"2001:db8:1::/48\"], terraform: [\"anna_*\"], nuget: [Anna.Client]}\n"
    "    - {id: anna-store, name: Anna Store, category: object-storage, domains: [\"store.*.anna.zz\", s.anna.zz],\n"
    "       npm: [\"@anna/store\"], networks: [198.51.100.64/26], terraform: [\"anna_store_*\"]}\n";

static struct providers *with_own(const char *text, struct error *error)
{
    char path[] = "/tmp/bastide-register-XXXXXX";
    struct providers *providers = NULL;
    const int file = mkstemp(path);
    assert_true(file >= 0 && write(file, text, strlen(text)) == (ssize_t)strlen(text));
    close(file);
    if (!providers_open(path, &providers, error))
        providers = NULL;
    unlink(path);
    return providers;
}

static const char *found(const struct providers *providers, enum signal signal, const char *value)
{
    const struct service *service = providers_find(providers, signal, span_text(value));
    return service ? service->id : "-";
}

static void the_longest_pattern_wins(void **state)
{
    (void)state;
    struct error error = { 0 };
    struct providers *providers = with_own(own_text, &error);
    if (!providers)
        fail_msg("%s", error.text);
    static const struct {
        enum signal signal;
        const char *value, *id;
    } rows[] = {
        { SIGNAL_DOMAIN, "anna.zz", "anna-all" },
        { SIGNAL_DOMAIN, "API.Anna.ZZ", "anna-all" },
        { SIGNAL_DOMAIN, "store.eu-1.anna.zz", "anna-store" },
        { SIGNAL_DOMAIN, "bucket.store.eu-1.anna.zz.", "anna-store" },
        { SIGNAL_DOMAIN, "store.anna.zz", "anna-all" },
        { SIGNAL_DOMAIN, "x.s.anna.zz", "anna-store" },
        { SIGNAL_DOMAIN, "joanna.zz", "-" },
        { SIGNAL_DOMAIN, "zz", "-" },
        { SIGNAL_NPM, "@anna/core", "anna-all" },
        { SIGNAL_NPM, "@anna/store", "anna-store" },
        { SIGNAL_NPM, "@anna/store-x", "anna-all" },
        { SIGNAL_NPM, "anna-sdk-plus", "-" },
        { SIGNAL_PYPI, "anna-sdk", "-" },
        { SIGNAL_NUGET, "anna.client", "anna-all" },
        { SIGNAL_TERRAFORM, "anna_store_bucket", "anna-store" },
        { SIGNAL_TERRAFORM, "anna_vm", "anna-all" },
        { SIGNAL_NETWORK, "198.51.100.7", "anna-all" },
        { SIGNAL_NETWORK, "198.51.100.127", "anna-store" },
        { SIGNAL_NETWORK, "198.51.101.7", "-" },
        { SIGNAL_NETWORK, "2001:db8:1:5::9", "anna-all" },
        { SIGNAL_NETWORK, "2001:db8:2::9", "-" },
        { SIGNAL_NETWORK, "no address", "-" },
        { SIGNAL_DOMAIN, "", "-" },
    };
    for (size_t i = 0; i < LENGTH(rows); i++)
        if (strcmp(found(providers, rows[i].signal, rows[i].value), rows[i].id) != 0)
            fail_msg("%s is %s, not %s", rows[i].value, found(providers, rows[i].signal, rows[i].value), rows[i].id);
    providers_close(providers);
}

static void laws_follow_the_parents_country(void **state)
{
    (void)state;
    struct error error = { 0 };
    struct providers *providers = with_own(own_text, &error);
    const struct provider *anna = provider_named(providers, "anna");
    assert_non_null(anna);
    assert_int_equal(anna->law_count, 1);
    assert_string_equal(anna->laws[0], "GDPR");
    assert_string_equal(anna->owner, "Berta SE");
    providers_close(providers);
}

static void an_own_entry_takes_the_place_of_ours(void **state)
{
    (void)state;
    struct error error = { 0 };
    struct providers *plain = with_own("", &error), *changed;
    const struct service *before = providers_find(plain, SIGNAL_REGISTRY, span_text("docker.io"));
    assert_non_null(before);
    char text[600];
    snprintf(text, sizeof text,
             "- {id: %s, name: Mine, entity: E, owner: O, country: FR, source: s, date: d, services: [{id: mine, name: "
             "Mine, category: cloud, registries: [docker.io]}]}\n",
             before->provider->id);
    changed = with_own(text, &error);
    if (!changed)
        fail_msg("%s", error.text);
    assert_string_equal(found(changed, SIGNAL_REGISTRY, "docker.io"), "mine");
    assert_null(service_named(changed, before->id));
    providers_close(plain);
    providers_close(changed);
}

static void what_is_wrong_is_said_with_file_and_line(void **state)
{
    (void)state;
    static const struct {
        const char *text, *says;
    } rows[] = {
        { "- {id: a, nmae: A}", "a provider has id" },
        { "- {entity: a, nmae: A}", "line 1: nmae: no such key" },
        { "x: y", "a list is wanted" },
        { "[[[[[[[[[[[[[[[[[[[[", "nested too deeply" },
        { "- {id: a, name: A, entity: E, owner: O, country: XX, services: []}", "country XX" },
        { "- {id: a, name: A, entity: E, owner: O, country: FR, services: [{id: s, name: S, category: nothing}]}",
          "no such category" },
        { "- {id: a, name: A, entity: E, owner: O, country: FR, services: [{id: s, name: S, category: cloud, domains: "
          "[\"*x.com\"]}]}",
          "a domain is wanted" },
        { "- {id: a, name: A, entity: E, owner: O, country: FR, services: [{id: s, name: S, category: cloud, networks: "
          "[\"1.2.3.4/40\"]}]}",
          "a network such as" },
    };
    for (size_t i = 0; i < LENGTH(rows); i++) {
        struct error error = { 0 };
        assert_null(with_own(rows[i].text, &error));
        assert_contains(error.text, rows[i].says);
    }
}

int main(void)
{
    RUN_TESTS(TEST(the_longest_pattern_wins), TEST(laws_follow_the_parents_country),
              TEST(an_own_entry_takes_the_place_of_ours), TEST(what_is_wrong_is_said_with_file_and_line));
}
