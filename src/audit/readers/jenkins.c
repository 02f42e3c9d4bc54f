/* jenkins.c: Jenkinsfiles: images that stages run in, commands of steps, addresses of repositories. A Jenkins is
 * somebody's own. Source: jenkins.io/doc/book/pipeline/syntax. */
#include <string.h>

#include "audit/readers/names.h"
#include "audit/readers/readers.h"
#include "audit/readers/tokens.h"

static void tell_string(struct source *source, struct sink *sink, struct span verb, const struct token *token)
{
    if (word_listed("image inside", verb))
        declare_image(source, sink, token->text, token->line);
    else if (word_listed("sh bat powershell pwsh script", verb))
        mention_commands(source, sink, token->text, token->line);
    else if (word_listed("url git withRegistry registryUrl", verb))
        mention_addresses(source, sink, token->text, token->line, EVIDENCE_DECLARED);
}

static bool takes_jenkins(const struct source *source)
{
    return strncmp(source->name, "Jenkinsfile", strlen("Jenkinsfile")) == 0 ||
           strcmp(source->extension, "jenkinsfile") == 0;
}

static enum reading read_jenkins(struct source *source, struct sink *sink)
{
    struct tokens tokens = { .text = source->text, .comment = "//" };
    struct token token;
    struct span verb = { 0 };
    while (next_token(&tokens, &token)) {
        if (token.type == TOKEN_WORD)
            verb = token.text;
        if (token.type != TOKEN_STRING)
            continue;
        tell_string(source, sink, verb, &token);
        verb = (struct span){ 0 };
    }
    return READ_DONE;
}

const struct reader reader_jenkins = { "jenkins", takes_jenkins, read_jenkins };
