/* imports.h: what a program imports, language by language, as signs of the register. */
#ifndef BASTIDE_AUDIT_CODE_IMPORTS_H
#define BASTIDE_AUDIT_CODE_IMPORTS_H

#include "audit/code/lexer.h"
#include "audit/reader.h"

enum { LONGEST_IMPORT = 200 };

struct import_style;

struct imports {
    struct source *source;
    struct sink *sink;
    const struct import_style *style; /* NULL: nothing that the register knows */
    struct token before[2];
    bool inside; /* an import goes on */
    bool block;  /* Go's import ( ... ) */
    char name[LONGEST_IMPORT];
    size_t length, line;
    bool ai; /* an AI provider's SDK was among them */
};

void imports_open(struct imports *imports, struct source *source, struct sink *sink, const struct language *language);

/* Sees each token of the program in turn, and its end. */
void imports_token(struct imports *imports, const struct token *token);
void imports_end(struct imports *imports);

#endif
