/* node.h: a parsed template: a tree of statements and expressions. It lives in the template's arena and is read-only
 * while rendering. */
#ifndef BASTIDE_ENGINE_TEMPLATE_NODE_H
#define BASTIDE_ENGINE_TEMPLATE_NODE_H

#include "engine/template/value.h"

enum node_kind {
    /* expressions */
    NODE_CONSTANT,
    NODE_NAME,
    NODE_LIST,
    NODE_TUPLE,
    NODE_DICT,   /* items are NODE_PAIR */
    NODE_NOT,    /* single */
    NODE_NEGATE, /* single */
    NODE_PLUS,   /* single */
    NODE_ARITHMETIC,
    NODE_AND,       /* binary */
    NODE_OR,        /* binary */
    NODE_JOIN,      /* items */
    NODE_COMPARE,   /* subject, then NODE_COMPARISON in arguments */
    NODE_CONDITION, /* a if b else c */
    NODE_ATTRIBUTE, /* subject.name */
    NODE_ITEM,      /* subject[index] */
    NODE_SLICE,     /* subject[start:stop:step] */
    NODE_CALL,
    NODE_FILTER, /* subject NULL: of a block */
    NODE_TEST,
    /* parts of expressions */
    NODE_PAIR,       /* binary: key, value */
    NODE_COMPARISON, /* operation and right side */
    NODE_ARGUMENT,   /* with or without name */
    /* statements */
    NODE_TEXT,
    NODE_OUTPUT, /* single */
    NODE_IF,
    NODE_FOR,
    NODE_SET,
    NODE_SET_BLOCK,
    NODE_MACRO,
    NODE_CALL_BLOCK,
    NODE_FILTER_BLOCK,
    NODE_WITH,
    NODE_SCOPE, /* {% generation %} */
    NODE_BREAK,
    NODE_CONTINUE,
    /* parts of statements */
    NODE_BRANCH,    /* binary: condition (NULL: else) and body */
    NODE_PARAMETER, /* of a macro: name and default */
    NODE_KINDS,
};

enum operation {
    OPERATION_ADD,
    OPERATION_SUBTRACT,
    OPERATION_MULTIPLY,
    OPERATION_DIVIDE,
    OPERATION_DIVIDE_WHOLE,
    OPERATION_MODULO,
    OPERATION_POWER,
    OPERATION_EQUAL,
    OPERATION_NOT_EQUAL,
    OPERATION_LESS,
    OPERATION_LESS_EQUAL,
    OPERATION_GREATER,
    OPERATION_GREATER_EQUAL,
    OPERATION_IN,
    OPERATION_NOT_IN,
};

/* How an argument is given. */
enum spread { SPREAD_NOT, SPREAD_LIST /* *x */, SPREAD_DICT /* **x */ };

enum { MACRO_USES_CALLER = 1, MACRO_USES_KWARGS = 2, MACRO_USES_VARARGS = 4 };

struct node {
    enum node_kind kind;
    unsigned line;
    struct node *next; /* in a list of nodes */
    union {
        struct value constant;
        struct span text;   /* NODE_TEXT, NODE_NAME */
        struct node *items; /* NODE_LIST, NODE_TUPLE, NODE_DICT, NODE_JOIN, NODE_IF */
        struct node *single;
        struct {
            enum operation operation; /* NODE_ARITHMETIC */
            struct node *left, *right;
        } binary;
        struct {
            enum operation operation;
            struct node *right;
        } comparison;
        struct {
            struct node *test, *then, *otherwise; /* otherwise may be NULL */
        } condition;
        struct { /* NODE_ATTRIBUTE, NODE_ITEM, NODE_CALL, NODE_FILTER, NODE_TEST, NODE_COMPARE */
            struct node *subject;
            struct node *arguments; /* NODE_ITEM: the index */
            struct span name;
            const struct builtin *builtin; /* of a filter or test; NULL if there is none of this name */
        } apply;
        struct {
            struct node *subject, *start, *stop, *step; /* each but subject may be NULL */
        } slice;
        struct {
            enum spread spread;
            struct span name; /* empty: by position */
            struct node *value;
        } argument;
        struct {
            struct node *target, *iterable, *test, *body, *otherwise;
            bool recursive;
        } loop;
        struct {                 /* NODE_SET, NODE_SET_BLOCK, NODE_FILTER_BLOCK, NODE_SCOPE, NODE_WITH */
            struct node *target; /* NODE_WITH: a list of NODE_SET */
            struct node *value;  /* of a block: its filters, or NULL */
            struct node *body;
        } set;
        struct { /* NODE_MACRO, NODE_CALL_BLOCK */
            struct span name;
            struct node *parameters, *body;
            struct node *call;
            unsigned uses;
        } macro;
        struct {
            struct span name;
            struct node *value; /* the default, or NULL */
        } parameter;
    };
};

#endif
