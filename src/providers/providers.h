/* providers.h: who stands behind a name: operators of services, their owners, the laws that reach them, and the signs
 * by which their services are known: domains, images, packages, names in configurations, addresses.
 *
 * The facts are data: data/providers/ holds a file for each group of providers, data/providers/README.md says what the
 * keys mean; all of it travels inside the program. A user's own providers.yaml adds to it or takes its place.
 * Everything that functions give out belongs to the register and lives until providers_close. It is read-only after
 * providers_open: several threads may ask at once. */
#ifndef BASTIDE_PROVIDERS_H
#define BASTIDE_PROVIDERS_H

#include "base/base.h"

/* How much stops when a service of some category is gone. */
enum level {
    LEVEL_NOTE,     /* weak: a transitive package, a test's data */
    LEVEL_WARNING,  /* work is hindered: building, measuring, sending */
    LEVEL_CRITICAL, /* what the organisation offers stops, or its data are out of reach */
};

/* "note", "warning", "critical" */
const char *level_name(enum level level);

/* The level with that name; false if there is none. */
bool level_named(const char *name, enum level *out);

struct category {
    const char *id;    /* "object-storage" */
    const char *title; /* "Object storage" */
    const char *flows; /* what data reach the service: "files of users, backups" */
    const char *cut;   /* what happens when it is gone: "stops at once: ..." */
    enum level level;
    int days; /* until the cut is felt: 0 at once; -1 never, as far as one knows */
};

struct alternative {
    const char *name;   /* "Garage or SeaweedFS on own disks" */
    const char *effort; /* "hours", "days", "weeks", "months" */
    bool own;           /* runs on one's own machines */
};

struct provider {
    const char *id;      /* "aws" */
    const char *name;    /* as it is commonly named: "Amazon Web Services" */
    const char *entity;  /* legal entity one has the contract with */
    const char *owner;   /* ultimate parent: "Amazon.com, Inc." */
    const char *country; /* of the ultimate parent, ISO 3166-1 alpha-2 */
    const char *const *laws;
    size_t law_count;
    const char *source; /* where these facts are from, and when they were checked */
    const char *date;
};

struct service {
    const struct provider *provider;
    const struct category *category;
    const char *id;   /* "aws-s3" */
    const char *name; /* "Amazon S3" */
    const struct alternative *alternatives;
    size_t alternative_count;
};

/* By what a service is known. The comment shows a value as readers give it; the register's keys have the same names.
 * Patterns of domains match the domain and all below it, one label may be "*" ("s3.*.amazonaws.com"); patterns of
 * networks are CIDR; all others match whole, or their beginning if they end in "*". The longest pattern wins. */
enum signal {
    SIGNAL_DOMAIN,      /* domains: "s3.eu-west-1.amazonaws.com", any host that is talked to */
    SIGNAL_REGISTRY,    /* registries: the host that an image is pulled from, "docker.io" */
    SIGNAL_IMAGE,       /* images: "datadog/agent", "gcr.io/distroless/base"; without tag, without "docker.io/" */
    SIGNAL_NPM,         /* npm: "@sentry/node"; also what JavaScript imports */
    SIGNAL_PYPI,        /* pypi: "sentry-sdk", lower case, - for _ and . */
    SIGNAL_GO,          /* go: "github.com/getsentry/sentry-go/http", also what Go imports */
    SIGNAL_CARGO,       /* cargo: "aws-sdk-s3" */
    SIGNAL_MAVEN,       /* maven: "com.amazonaws:aws-java-sdk-s3" */
    SIGNAL_NUGET,       /* nuget: "AWSSDK.S3"; letters of either case */
    SIGNAL_GEM,         /* gem: "aws-sdk-s3" */
    SIGNAL_COMPOSER,    /* composer: "aws/aws-sdk-php" */
    SIGNAL_PYTHON,      /* python: a module that is imported, "sentry_sdk.integrations.flask" */
    SIGNAL_JAVA,        /* java: a package that is imported, "software.amazon.awssdk.services.s3"; Kotlin, Scala too */
    SIGNAL_DOTNET,      /* dotnet: a namespace, "Amazon.S3" */
    SIGNAL_PHP,         /* php: a namespace, "Aws\S3" */
    SIGNAL_TERRAFORM,   /* terraform: type of a resource or data source, "aws_s3_bucket"; patterns as "aws_s3_*" */
    SIGNAL_TF_PROVIDER, /* terraform-providers: "hashicorp/aws" */
    SIGNAL_ACTION,      /* actions: what a workflow uses, "aws-actions/configure-aws-credentials", without "@v4" */
    SIGNAL_VARIABLE,    /* environment: "AWS_S3_BUCKET" */
    SIGNAL_MODEL,       /* models: an AI model's name that belongs to one operator: "gpt-4o", "claude-*" */
    SIGNAL_NAME,        /* names: "PLACE:NAME", a name that means something in one place: "heroku:heroku-redis",
                         * "alertmanager:slack", "registry:npm"; the places are listed in data/providers/README.md */
    SIGNAL_MX,          /* mx: host of an MX record; the others below likewise */
    SIGNAL_SPF,         /* spf: host of an include or redirect */
    SIGNAL_DKIM,        /* dkim: host that a selector's CNAME leads to */
    SIGNAL_AUTODISCOVER,
    SIGNAL_CNAME,   /* cname; where it says nothing, domains counts */
    SIGNAL_NS,      /* ns */
    SIGNAL_CAA,     /* caa: "letsencrypt.org" */
    SIGNAL_NETWORK, /* networks: an address, "203.0.113.7", "2001:db8::1" */
    SIGNALS,
};

/* "domains", "npm": the key of a signal in the files. */
const char *signal_key(enum signal signal);

struct providers;

/* Reads the register that the program carries, then the file own (NULL: none): an entry with the id of one that is
 * there takes its place. Fails with file and line of what is wrong. */
MUST_USE bool providers_open(const char *own, struct providers **out, struct error *error);
void providers_close(struct providers *providers);

/* The same with the file that the user named, or, for NULL, with providers.yaml of his configuration folder, if there
 * is one. */
MUST_USE bool providers_open_own(const char *named, struct providers **out, struct error *error);

/* The service that a value is a sign of; NULL if nobody knows it. Letters of domains, of NuGet's names, of actions and
 * of Terraform providers match in either case. Bounded by the length of the value, whatever it is. */
const struct service *providers_find(const struct providers *providers, enum signal signal, struct span value);

/* All of them, sorted by id. */
const struct provider *const *providers_all(const struct providers *providers, size_t *count);
const struct service *const *services_all(const struct providers *providers, size_t *count);
const struct category *categories_all(const struct providers *providers, size_t *count);

/* The provider, service or category with that id; NULL if there is none. */
const struct provider *provider_named(const struct providers *providers, const char *id);
const struct service *service_named(const struct providers *providers, const char *id);
const struct category *category_named(const struct providers *providers, const char *id);

/* The patterns of a service for one signal, in the order of the file. */
const char *const *service_patterns(const struct providers *providers, const struct service *service,
                                    enum signal signal, size_t *count);

#endif
