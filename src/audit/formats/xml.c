/* xml.c: XML as a tree, read by libxml2's SAX interface.
 *
 *   <a href="x">t<b>u</b></a>    map "a" { text "@href", text "b" }, with the text "t"; <b> alone is a text
 *
 * libxml2 never learns of an entity here but the five that XML itself has: nothing expands, nothing is fetched. A file
 * that uses another is read up to there, or without it where a DTD from elsewhere might have it. What an encoding
 * declaration says is not heeded, for the text is UTF-8 by now. */
#include "audit/tree.h"

#include <libxml/parser.h>
#include <libxml/parserInternals.h>
#include <limits.h>
#include <string.h>

struct xml {
    xmlParserCtxtPtr parser;
    struct arena *arena;
    struct node *open[MOST_TREE_DEPTH]; /* open[0] is the root, then an element in each */
    struct buffer texts[MOST_TREE_DEPTH];
    size_t depth;   /* of the elements that are open */
    size_t ignored; /* open elements below the deepest that fits */
    bool no_memory;
};

enum { MOST_TEXT = 1 << 20 }; /* of one element; what is longer is left out */

/* ---- lines ------------------------------------------------------------------------------------------------------ */

/* The text of the tag that the parser has just read, from its '<': attributes can't hold that character. */
static struct span tag_text(const struct xml *xml)
{
    const xmlParserInput *input = xml->parser->input;
    const xmlChar *begin = input->cur;
    while (begin > input->base && *begin != '<')
        begin--;
    return span_of(begin, (size_t)(input->cur - begin));
}

static size_t count_lines(struct span text)
{
    size_t lines = 0;
    for (size_t i = 0; i < text.bytes; i++)
        lines += text.data[i] == '\n';
    return lines;
}

/* The line of the tag's beginning: the parser knows only that of its end. */
static size_t tag_line(const struct xml *xml, struct span tag)
{
    const int line = xml->parser->input->line;
    const size_t lines = count_lines(tag);
    return line > 0 && (size_t)line > lines ? (size_t)line - lines : 1;
}

/* Offset of the attribute's name in the tag, at from or behind it, where '=' follows; from if there is none. */
static size_t attribute_offset(struct span tag, const char *name, size_t from)
{
    const size_t bytes = strlen(name);
    for (size_t at = from; span_has(tag, at, bytes + 1); at++) {
        if (memcmp(tag.data + at, name, bytes) != 0)
            continue;
        const struct span after = span_trim(span_from(tag, at + bytes));
        if (after.bytes && after.data[0] == '=')
            return at;
    }
    return from;
}

/* ---- elements --------------------------------------------------------------------------------------------------- */

static struct span keep(struct xml *xml, const void *bytes, size_t count)
{
    const char *copy = arena_text(xml->arena, span_of(bytes, count));
    xml->no_memory |= !copy;
    return span_of(copy, copy ? count : 0);
}

static struct node *add(struct xml *xml, struct node *parent, struct span key, size_t line)
{
    parent->type = NODE_MAP;
    struct node *node = node_add(xml->arena, parent, NODE_TEXT, key, line);
    if (node)
        node->value_line = (uint32_t)line;
    xml->no_memory |= !node;
    return node;
}

/* attributes: [count][5] of libxml2: name, prefix, namespace, begin and end of the value. */
static void add_attributes(struct xml *xml, struct node *element, int count, const xmlChar **attributes,
                           struct span tag)
{
    size_t offset = 0, line = element->line;
    for (int i = 0; i < count && !xml->no_memory; i++, attributes += 5) {
        const char *name = (const char *)attributes[0];
        const size_t found = attribute_offset(tag, name, offset);
        line += count_lines(span_part(tag, offset, found - offset));
        offset = found;
        const char *key = arena_format(xml->arena, "@%s", name);
        struct node *node = key ? add(xml, element, span_text(key), line) : NULL;
        xml->no_memory |= !node;
        if (!node)
            return;
        node->text = keep(xml, attributes[3], (size_t)(attributes[4] - attributes[3]));
        node->quoted = true;
    }
}

static void begin_element(void *context, const xmlChar *name, const xmlChar *prefix, const xmlChar *space,
                          int space_count, const xmlChar **spaces, int count, int defaulted, const xmlChar **attributes)
{
    (void)prefix, (void)space, (void)space_count, (void)spaces, (void)defaulted;
    struct xml *xml = context;
    if (xml->ignored || xml->no_memory || xml->depth + 2 >= MOST_TREE_DEPTH) {
        xml->ignored++;
        return;
    }
    const struct span tag = tag_text(xml);
    struct node *element = add(xml, xml->open[xml->depth], keep(xml, name, strlen((const char *)name)),
                               tag_line(xml, tag));
    if (!element) {
        xml->ignored++;
        return;
    }
    xml->open[++xml->depth] = element;
    xml->texts[xml->depth] = (struct buffer){ .limit = MOST_TEXT };
    add_attributes(xml, element, count, attributes, tag);
}

static void add_text(void *context, const xmlChar *bytes, int count)
{
    struct xml *xml = context;
    struct error error;
    if (xml->depth == 0 || xml->ignored || count <= 0)
        return;
    struct buffer *text = &xml->texts[xml->depth];
    struct node *element = xml->open[xml->depth];
    const struct span trimmed = span_trim(span_of(bytes, (size_t)count));
    if (text->length == 0 && trimmed.bytes == 0)
        return;
    if (text->length == 0 && xml->parser->input->line > 0) {
        const struct span rest = span_of(trimmed.data, (size_t)(bytes + count - trimmed.data));
        const size_t lines = count_lines(rest), line = (size_t)xml->parser->input->line;
        element->value_line = (uint32_t)(line > lines ? line - lines : 1);
    }
    if (!buffer_add(text, bytes, (size_t)count, &error))
        text->limit = text->length; /* full: the rest is left out */
}

static void end_element(void *context, const xmlChar *name, const xmlChar *prefix, const xmlChar *space)
{
    (void)name, (void)prefix, (void)space;
    struct xml *xml = context;
    if (xml->ignored) {
        xml->ignored--;
        return;
    }
    struct buffer *buffer = &xml->texts[xml->depth];
    const struct span text = span_trim(buffer_span(buffer));
    if (text.bytes > 0)
        xml->open[xml->depth]->text = keep(xml, text.data, text.bytes);
    buffer_free(buffer);
    xml->depth--;
}

static xmlEntityPtr find_entity(void *context, const xmlChar *name)
{
    (void)context;
    return xmlGetPredefinedEntity(name);
}

/* ---- the parser ------------------------------------------------------------------------------------------------- */

static void say_nothing(void *context, xmlErrorPtr error)
{
    (void)context, (void)error;
}

static xmlParserCtxtPtr parser_open(struct xml *xml)
{
    xmlParserCtxtPtr parser = xmlNewParserCtxt();
    if (!parser || !parser->sax)
        return parser;
    *parser->sax = (xmlSAXHandler){
        .initialized = XML_SAX2_MAGIC,
        .startElementNs = begin_element,
        .endElementNs = end_element,
        .characters = add_text,
        .cdataBlock = add_text,
        .getEntity = find_entity,
        .serror = say_nothing,
    };
    parser->userData = xml;
    xml->parser = parser;
    return parser;
}

static void parser_close(xmlParserCtxtPtr parser)
{
    xmlFreeDoc(parser->myDoc); /* libxml2 makes one for the entities that a DTD declares */
    parser->myDoc = NULL;
    xmlFreeParserCtxt(parser);
}

static bool read_all(struct xml *xml, struct span text, struct error *error)
{
    /* NOENT writes the five known entities of attributes as what they mean; there are no others (find_entity). */
    const int options = XML_PARSE_NONET | XML_PARSE_NOENT | XML_PARSE_NOERROR | XML_PARSE_NOWARNING |
                        XML_PARSE_IGNORE_ENC;
    const char *bytes = (const char *)text.data;
    xmlDocPtr document = xmlCtxtReadMemory(xml->parser, bytes, (int)text.bytes, NULL, "UTF-8", options);
    xmlFreeDoc(document);
    if (xml->no_memory)
        return error_memory(error, sizeof(struct node));
    if (xml->parser->wellFormed)
        return true;
    const xmlError *last = xmlCtxtGetLastError(xml->parser);
    const struct span why = span_trim(span_text(last && last->message ? last->message : "no XML"));
    return error_set(error, "line %d: %.*s: the file is read up to there", last ? last->line : 1, (int)why.bytes,
                     (const char *)why.data);
}

bool xml_parse(struct span text, struct arena *arena, struct node **out, struct error *error)
{
    *out = node_add(arena, NULL, NODE_MAP, span_of(NULL, 0), 1);
    struct xml *xml = arena_take(arena, 1, sizeof *xml);
    if (!*out || !xml)
        return error_memory(error, sizeof *xml);
    if (text.bytes > INT_MAX)
        return error_set(error, "%zu bytes of XML: more than %d cannot be read", text.bytes, INT_MAX);
    xml->arena = arena;
    xml->open[0] = *out;
    xmlParserCtxtPtr parser = parser_open(xml);
    if (!parser)
        return error_memory(error, sizeof *parser);
    const bool done = read_all(xml, text, error);
    parser_close(parser);
    for (; xml->depth > 0; xml->depth--)
        buffer_free(&xml->texts[xml->depth]);
    return done;
}
