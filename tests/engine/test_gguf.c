/* Promises of gguf_open: what is good opens and is all there, what is bad is refused with its place and reason.
 * Among the refused are the 26 classes of llama.cpp's tests/test-gguf.cpp, named in comments as they are there, and the
 * files behind published vulnerabilities. */
#include "engine/gguf_maker.h"

/* ---- good files -------------------------------------------------------------------------------------------------- */

static void check_good(uint32_t version)
{
    struct recipe recipe = recipe_good();
    recipe.version = version;
    struct made made = make(&recipe);
    unsigned char *memory;
    struct gguf *gguf = open_good(buffer_span(&made.bytes), &memory);
    assert_string_equal(gguf_path(gguf), "tiny.gguf");
    assert_int_equal(gguf_key_count(gguf), 4);
    assert_int_equal(gguf_tensor_count(gguf), 2);
    assert_null(gguf_find(gguf, "general"));
    assert_null(gguf_find(gguf, ""));
    assert_null(gguf_tensor_find(gguf, "first"));

    const struct gguf_tensor *first = gguf_tensor_find(gguf, "first.weight");
    assert_ptr_equal(first, gguf_tensor_at(gguf, 0));
    assert_int_equal(first->shape[0] * 10 + first->shape[1], 82);
    assert_int_equal(first->shape[2] * first->shape[3], 1);
    assert_int_equal(first->data.bytes, 64);
    assert_ptr_equal(first->data.data, memory + made.data_at);
    const struct gguf_tensor *second = gguf_tensor_find(gguf, "second.weight");
    assert_int_equal(second->format, 8);
    assert_int_equal(second->data.bytes, 34);
    assert_ptr_equal(second->data.data, memory + made.data_at + 64);

    gguf_close(gguf);
    free(memory);
    buffer_free(&made.bytes);
}

static void versions_2_and_3_open_with_all_that_is_in_them(void **state)
{
    (void)state;
    check_good(2);
    check_good(3);
}

static void a_file_without_keys_and_tensors_opens(void **state)
{
    (void)state;
    struct buffer bytes = { .limit = 100 };
    make_head(&bytes, 3, 0, 0);
    unsigned char *memory;
    struct gguf *gguf = open_good(buffer_span(&bytes), &memory);
    assert_int_equal(gguf_key_count(gguf) + gguf_tensor_count(gguf), 0);
    assert_null(gguf_find(gguf, "general.name"));
    assert_null(gguf_tensor_find(gguf, "output.weight"));
    gguf_close(gguf);
    free(memory);
    buffer_free(&bytes);
}

static void tensors_may_lie_in_any_order_and_apart(void **state)
{
    (void)state;
    struct recipe recipe = recipe_good();
    recipe.tensors[0].offset = 128;
    recipe.tensors[1].offset = 32;
    recipe.data_bytes = 192;
    struct made made = make(&recipe);
    unsigned char *memory;
    gguf_close(open_good(buffer_span(&made.bytes), &memory));
    free(memory);
    buffer_free(&made.bytes);
}

static void alignments_from_8_to_a_page_are_kept(void **state)
{
    (void)state;
    for (uint32_t alignment = 8; alignment <= 4096; alignment *= 2) {
        const char value[4] = { (char)alignment, (char)(alignment >> 8), 0, 0 };
        struct recipe recipe = recipe_good();
        recipe.keys[1] = recipe_key("general.alignment", GGUF_U32, value, 4);
        recipe.alignment = alignment;
        recipe.tensors[1].offset = size_max(64, alignment);
        recipe.data_bytes = size_max(64, alignment) + 34;
        struct made made = make(&recipe);
        unsigned char *memory;
        struct gguf *gguf = open_good(buffer_span(&made.bytes), &memory);
        assert_ptr_equal(gguf_tensor_at(gguf, 0)->data.data, memory + made.data_at);
        gguf_close(gguf);
        free(memory);
        buffer_free(&made.bytes);
    }
}

static void the_data_begin_at_the_next_multiple_however_long_the_head(void **state)
{
    (void)state;
    char name[64] = { 0 };
    for (size_t length = 1; length <= 32; length++) {
        memset(name, 'n', length);
        struct recipe recipe = recipe_good();
        recipe.keys[2] = recipe_key(name, GGUF_BOOL, VALUE("\1"));
        struct made made = make(&recipe);
        unsigned char *memory;
        struct gguf *gguf = open_good(buffer_span(&made.bytes), &memory);
        assert_ptr_equal(gguf_tensor_at(gguf, 0)->data.data, memory + made.data_at);
        gguf_close(gguf);
        free(memory);
        buffer_free(&made.bytes);
    }
}

/* ---- bad heads --------------------------------------------------------------------------------------------------- */

static void what_is_no_gguf_file_is_refused(void **state) /* HEADER_BAD_MAGIC */
{
    (void)state;
    static const char magics[][5] = { "FUGG", "GGUX", "GGML", "gguf", "\177ELF" };
    for (size_t i = 0; i < LENGTH(magics); i++) {
        struct recipe recipe = recipe_good();
        memcpy(recipe.magic, magics[i], 4);
        struct made made = make(&recipe);
        refused(&made, 0, i == 0 ? "begins with 46 55 47 47, expected \"GGUF\"" : "expected \"GGUF\"");
    }
}

static void files_of_a_few_bytes_are_refused(void **state) /* CVE-2024-39720, and a file of 36 bytes */
{
    (void)state;
    check_refused(span_of(NULL, 0), 0, "takes 4 bytes, the file has 0 left");
    check_refused(span_text("GGU"), 0, "takes 4 bytes, the file has 3 left");
    check_refused(span_text("GGUF"), 4, "the version takes 4 bytes, the file has 0 left");
    struct buffer bytes = { .limit = 100 };
    make_head(&bytes, 3, 0, 1);
    make_number(&bytes, UINT64_MAX, 8);
    make_number(&bytes, 0, 4);
    check_refused(buffer_span(&bytes), 16, "1 keys of at least 14 bytes, the file has 12 left");
    buffer_free(&bytes);
}

static void other_versions_are_refused_by_number(void **state) /* HEADER_BAD_VERSION_0, _1, _FUTURE */
{
    (void)state;
    static const struct {
        uint32_t version;
        const char *reason;
    } cases[] = {
        { 0, "version 0, expected 2 or 3" }, { 1, "version 1, expected 2 or 3: convert" },
        { 4, "version 4, expected 2 or 3" }, { 0x03000000, "version 0x03000000, expected 2 or 3: a big-endian file" },
        { 0x02000000, "big-endian" },        { UINT32_MAX, "version 4294967295" },
    };
    for (size_t i = 0; i < LENGTH(cases); i++) {
        struct recipe recipe = recipe_good();
        recipe.version = cases[i].version;
        struct made made = make(&recipe);
        refused(&made, 4, cases[i].reason);
    }
}

static void counts_beyond_the_file_are_refused(void **state) /* HEADER_BAD_N_TENSORS, HEADER_BAD_N_KV */
{
    (void)state;
    static const uint64_t counts[] = { 1000, (uint64_t)1 << 32, (uint64_t)1 << 60, (uint64_t)1 << 63, UINT64_MAX };
    for (size_t i = 0; i < LENGTH(counts); i++) {
        struct recipe recipe = recipe_good();
        recipe.tensors_said = counts[i];
        struct made made = make(&recipe);
        refused(&made, 8, "tensors of at least 33 bytes");
        recipe = recipe_good();
        recipe.keys_said = counts[i];
        made = make(&recipe);
        refused(&made, 16, "keys of at least 14 bytes");
    }
}

static void counts_beyond_any_model_are_refused_in_a_large_file(void **state)
{
    (void)state;
    enum { BYTES = 16 << 20 };
    unsigned char *bytes = calloc(1, BYTES);
    assert_non_null(bytes);
    memcpy(bytes, "GGUF\3\0\0\0\0\0\6\0\0\0\0\0\0\0\0\0\0\0\0\0", 24); /* 6 * 2^16 tensors */
    check_refused(span_of(bytes, BYTES), 8, "393216 tensors, expected at most 131072");
    memcpy(bytes, "GGUF\3\0\0\0\0\0\0\0\0\0\0\0\0\0\2\0\0\0\0\0", 24);
    check_refused(span_of(bytes, BYTES), 16, "131072 keys, expected at most 65536");
    free(bytes);
}

static void one_key_or_tensor_more_or_less_than_said_is_refused(void **state)
{
    (void)state;
    struct recipe recipe = recipe_good();
    recipe.keys_said = 5; /* the first tensor is read as a key, a u16 in the first bytes of its shape */
    struct made made = make(&recipe);
    refused(&made, made.shape_at[0] + 2 + 8, "a tensor's name takes");
    recipe = recipe_good();
    recipe.keys_said = 3; /* the last key is read as a tensor */
    made = make(&recipe);
    refused(&made, made.type_at[3], "texts: 9 dimensions, expected 1 to 4");
}

/* ---- bad keys ---------------------------------------------------------------------------------------------------- */

static struct made made_with_key(struct recipe_key key)
{
    struct recipe recipe = recipe_good();
    recipe.keys[2] = key;
    return make(&recipe);
}

static void names_of_keys_have_1_to_65535_bytes_that_are_there(void **state) /* KV_BAD_KEY_SIZE, KV_EMPTY_KEY */
{
    (void)state;
    struct recipe_key key = recipe_key("", GGUF_U8, VALUE("\1"));
    struct made made = made_with_key(key);
    refused(&made, made.key_at[2], "a key's name has 0 bytes, expected 1 to 65535");
    key = recipe_key("k", GGUF_U8, VALUE("\1"));
    key.name_bytes = UINT64_MAX; /* 8 + this wraps to 7: CVE-2024-23496 */
    made = made_with_key(key);
    refused(&made, made.key_at[2] + 8, "a key's name takes 18446744073709551615 bytes");
    key.name_bytes = (uint64_t)INT64_MAX + 1;
    made = made_with_key(key);
    refused(&made, made.key_at[2] + 8, "a key's name takes 9223372036854775808 bytes");
}

static void a_key_name_of_65536_bytes_is_refused_and_one_less_is_not(void **state)
{
    (void)state;
    for (size_t length = 65535; length <= 65536; length++) {
        struct buffer bytes = { .limit = 1 << 20 };
        make_head(&bytes, 3, 0, 1);
        make_number(&bytes, length, 8);
        for (size_t i = 0; i < length; i++)
            make_bytes(&bytes, "k", 1);
        make_number(&bytes, GGUF_BOOL, 4);
        make_number(&bytes, 1, 1);
        unsigned char *memory = NULL;
        if (length == 65535)
            gguf_close(open_good(buffer_span(&bytes), &memory));
        else
            check_refused(buffer_span(&bytes), 24, "has 65536 bytes, expected 1 to 65535");
        free(memory);
        buffer_free(&bytes);
    }
}

static void names_are_readable_text(void **state)
{
    (void)state;
    static const char *const names[] = { "k\x80", "k\xC3", "k\n", "k\x7F", "k\xED\xA0\x80" };
    for (size_t i = 0; i < LENGTH(names); i++) {
        struct made made = made_with_key(recipe_key(names[i], GGUF_U8, VALUE("\1")));
        refused(&made, made.key_at[2] + 9, "which is no readable text");
        struct recipe recipe = recipe_good();
        recipe.tensors[0].name = names[i];
        recipe.tensors[0].name_bytes = strlen(names[i]);
        made = make(&recipe);
        refused(&made, made.tensor_at[0] + 9, "a tensor's name holds the byte");
    }
    struct made made = made_with_key(recipe_key("clé", GGUF_U8, VALUE("\1")));
    unsigned char *memory;
    gguf_close(open_good(buffer_span(&made.bytes), &memory));
    free(memory);
    buffer_free(&made.bytes);
}

static void a_zero_byte_in_a_name_is_refused(void **state)
{
    (void)state;
    struct recipe recipe = recipe_good();
    struct made made = make(&recipe);
    made.bytes.bytes[made.key_at[2] + 8 + 3] = '\0';
    check_refused(buffer_span(&made.bytes), made.key_at[2] + 8 + 3, "holds the byte 0x00");
    made.bytes.bytes[made.key_at[2] + 8 + 3] = 'b';
    made.bytes.bytes[made.tensor_at[1] + 8] = '\0';
    refused(&made, made.tensor_at[1] + 8, "holds the byte 0x00");
}

static void unknown_types_of_keys_are_refused(void **state) /* KV_BAD_TYPE */
{
    (void)state;
    static const uint32_t types[] = { 13, 255, 0x80000000u, UINT32_MAX };
    for (size_t i = 0; i < LENGTH(types); i++) {
        struct made made = made_with_key(recipe_key("k", types[i], VALUE("\1")));
        refused(&made, made.type_at[2], "k: its type is");
    }
}

static void a_key_named_twice_is_refused(void **state) /* KV_DUPLICATE_KEY */
{
    (void)state;
    struct made made = made_with_key(recipe_key("general.architecture", GGUF_U8, VALUE("\1")));
    refused(&made, made.key_at[2] + 8, "general.architecture: a second key of this name");
}

static void a_bool_is_0_or_1(void **state)
{
    (void)state;
    struct made made = made_with_key(recipe_key("k", GGUF_BOOL, VALUE("\2")));
    refused(&made, made.value_at[2], "k: a bool is 2, expected 0 or 1");
    made = made_with_key(recipe_key("k", GGUF_ARRAY,
                                    VALUE("\7\0\0\0"
                                          "\3\0\0\0\0\0\0\0"
                                          "\1\0\377")));
    refused(&made, made.value_at[2] + 14, "k: a bool is 255, expected 0 or 1");
}

static void strings_longer_than_the_file_are_refused(void **state)
{
    (void)state;
    struct made made = made_with_key(recipe_key("k", GGUF_STRING, VALUE("\377\377\377\377\377\377\377\377")));
    refused(&made, made.value_at[2] + 8, "k: its text takes 18446744073709551615 bytes");
    made = made_with_key(recipe_key("k", GGUF_STRING, VALUE("\0\0\0\0\1\0\0\0"))); /* 2^32: 0 where cut to 32 bits */
    refused(&made, made.value_at[2] + 8, "k: its text takes 4294967296 bytes");
}

static void bad_arrays_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *value;
        size_t value_bytes, at;
        const char *reason;
    } cases[] = {
        { VALUE("\11\0\0\0"
                "\1\0\0\0\0\0\0\0"
                "\4\0\0\0"
                "\0\0\0\0\0\0\0\0"),
          0, "k: an array of arrays" },
        { VALUE("\15\0\0\0"
                "\1\0\0\0\0\0\0\0"
                "\0"),
          0, "k: an array's element type is 13" },
        { VALUE("\377\377\377\377"
                "\1\0\0\0\0\0\0\0"
                "\0"),
          0, "k: an array's element type is 4294967295" },
        { VALUE("\0\0\0\0"
                "\377\377\377\377\377\377\377\377"
                "\0"),
          4, "k: 18446744073709551615 elements of at least 1" },
        /* times 8 it wraps to 0, and to 8 */
        { VALUE("\12\0\0\0"
                "\0\0\0\0\0\0\0\40"
                "\0"),
          4, "k: 2305843009213693952 elements of at least 8" },
        { VALUE("\12\0\0\0"
                "\1\0\0\0\0\0\0\40"
                "\0\0\0\0\0\0\0\0"),
          4, "k: 2305843009213693953 elements" },
        { VALUE("\10\0\0\0"
                "\0\0\0\0\1\0\0\0"
                "\0"),
          4, "k: 4294967296 elements of at least 8" },
        { VALUE("\10\0\0\0"
                "\2\0\0\0\0\0\0\0"
                "\1\0\0\0\0\0\0\0a"
                "\377\377\377\377\377\377\377\177"),
          29, "k: a string in an array takes 9223372036854775807 bytes" },
    };
    for (size_t i = 0; i < LENGTH(cases); i++) {
        struct made made = made_with_key(recipe_key("k", GGUF_ARRAY, cases[i].value, cases[i].value_bytes));
        refused(&made, made.value_at[2] + cases[i].at, cases[i].reason);
    }
}

/* KV_BAD_ALIGN, TENSORS_BAD_ALIGN, DATA_BAD_ALIGN (13); 0 divided by zero elsewhere (CVE-2025-0317) */
static void an_alignment_that_is_no_power_of_two_from_8_is_refused(void **state)
{
    (void)state;
    static const char values[][4] = { { 0, 0, 0, 0 },  { 1, 0, 0, 0 },  { 4, 0, 0, 0 },  { 13, 0, 0, 0 },
                                      { 24, 0, 0, 0 }, { 33, 0, 0, 0 }, { 0, 0, 64, 0 }, { 0, 0, 0, '\x80' } };
    for (size_t i = 0; i < LENGTH(values); i++) {
        struct recipe recipe = recipe_good();
        recipe.keys[1] = recipe_key("general.alignment", GGUF_U32, values[i], 4);
        struct made made = make(&recipe);
        refused(&made, made.value_at[1], "expected a power of two from 8 to 2097152");
    }
}

static void an_alignment_of_another_type_is_refused(void **state) /* KV_WRONG_TYPE_ALIGN */
{
    (void)state;
    static const struct recipe_key keys[] = {
        { "general.alignment", 17, GGUF_I32, VALUE("\40\0\0\0") },
        { "general.alignment", 17, GGUF_U64, VALUE("\40\0\0\0\0\0\0\0") },
        { "general.alignment", 17, GGUF_STRING, VALUE("\0\0\0\0\0\0\0\0") },
        { "general.alignment", 17, GGUF_ARRAY,
          VALUE("\4\0\0\0"
                "\0\0\0\0\0\0\0\0") },
    };
    for (size_t i = 0; i < LENGTH(keys); i++) {
        struct recipe recipe = recipe_good();
        recipe.keys[1] = keys[i];
        struct made made = make(&recipe);
        refused(&made,
                made.value_at[1] + (keys[i].type == GGUF_STRING  ? 8
                                    : keys[i].type == GGUF_ARRAY ? 12
                                                                 : 0),
                "general.alignment: its type is");
    }
}

/* ---- bad tensors ------------------------------------------------------------------------------------------------- */

static struct made made_with_tensor(struct recipe_tensor tensor)
{
    struct recipe recipe = recipe_good();
    recipe.tensors[0] = tensor;
    return make(&recipe);
}

static const struct recipe_tensor good_tensor = { "t", 1, 2, { 8, 2, 1, 1, 1 }, 0, 0 };

static void names_of_tensors_have_1_to_63_bytes(void **state) /* TENSORS_BAD_NAME_SIZE */
{
    (void)state;
    char name[65] = { 0 };
    memset(name, 'n', 64);
    struct recipe_tensor tensor = good_tensor;
    tensor.name = name;
    tensor.name_bytes = 64;
    struct made made = made_with_tensor(tensor);
    refused(&made, made.tensor_at[0], "a tensor's name has 64 bytes, expected 1 to 63");
    name[63] = '\0';
    tensor.name_bytes = 63;
    made = made_with_tensor(tensor);
    unsigned char *memory;
    gguf_close(open_good(buffer_span(&made.bytes), &memory));
    free(memory);
    buffer_free(&made.bytes);
    name[0] = '\0';
    tensor.name_bytes = 0;
    made = made_with_tensor(tensor);
    refused(&made, made.tensor_at[0], "a tensor's name has 0 bytes");
    tensor.name_bytes = UINT64_MAX;
    made = made_with_tensor(tensor);
    refused(&made, made.tensor_at[0] + 8, "takes 18446744073709551615 bytes");
}

static void tensors_have_1_to_4_dimensions(void **state) /* TENSORS_BAD_N_DIMS */
{
    (void)state;
    static const uint32_t dimensions[] = { 0, 5, 0x80000000u, UINT32_MAX };
    for (size_t i = 0; i < LENGTH(dimensions); i++) {
        struct recipe_tensor tensor = good_tensor;
        tensor.dimensions = dimensions[i];
        struct made made = made_with_tensor(tensor);
        refused(&made, made.dimensions_at[0], "dimensions, expected 1 to 4");
    }
}

static void a_dimension_of_zero_or_below_is_refused(void **state) /* TENSORS_BAD_SHAPE, and zero (CVE-2024-12055) */
{
    (void)state;
    for (size_t i = 0; i < 4; i++) {
        struct recipe_tensor tensor = { "t", 1, 4, { 8, 2, 1, 1, 1 }, 0, 0 };
        tensor.shape[i] = 0;
        struct made made = made_with_tensor(tensor);
        refused(&made, made.shape_at[0] + 8 * i, "is 0, expected 1 to 2^63 - 1");
        tensor.shape[i] = UINT64_MAX; /* -1 */
        made = made_with_tensor(tensor);
        refused(&made, made.shape_at[0] + 8 * i, "is 18446744073709551615, expected 1 to 2^63 - 1");
    }
}

/* TENSORS_NE_TOO_BIG, TENSORS_NBYTES_TOO_BIG; products that wrap to what the file has: CVE-2025-53630 */
static void sizes_that_overflow_are_refused(void **state)
{
    (void)state;
    static const struct recipe_tensor tensors[] = {
        { "t", 1, 2, { 4ull * INT32_MAX, 4ull * INT32_MAX, 1, 1, 1 }, 0, 0 },
        { "t", 1, 2, { (uint64_t)1 << 32, (uint64_t)1 << 32, 1, 1, 1 }, 24, 0 }, /* 2^64 values */
        { "t", 1, 2, { 1533916892, 1533916892, 1, 1, 1 }, 27, 0 },               /* values fit, bytes do not */
        { "t", 1, 4, { (uint64_t)1 << 16, (uint64_t)1 << 16, 1 << 16, 1 << 14, 1 }, 0, 0 }, /* 2^62 x 4 bytes */
        { "t", 1, 4, { 1, INT64_MAX, INT64_MAX, INT64_MAX, 1 }, 0, 0 },
        { "t", 1, 2, { 32, (uint64_t)1 << 59, 1, 1, 1 }, 8, 0 },
    };
    for (size_t i = 0; i < LENGTH(tensors); i++) {
        struct made made = made_with_tensor(tensors[i]);
        refused(&made, made.shape_at[0], "more than memory can hold");
    }
}

static void unknown_formats_are_refused_by_number(void **state) /* TENSORS_BAD_TYPE */
{
    (void)state;
    static const uint32_t formats[] = { 4, 5, 1000, 0x80000000u, UINT32_MAX };
    for (size_t i = 0; i < LENGTH(formats); i++) {
        struct recipe_tensor tensor = good_tensor;
        tensor.format = formats[i];
        struct made made = made_with_tensor(tensor);
        char reason[64];
        snprintf(reason, sizeof reason, "t: its format has number %u, which is unknown", formats[i]);
        refused(&made, made.format_at[0], reason);
    }
}

static void rows_are_whole_blocks(void **state)
{
    (void)state;
    struct recipe_tensor tensor = good_tensor;
    tensor.shape[0] = 33;
    tensor.format = 8;
    struct made made = made_with_tensor(tensor);
    refused(&made, made.shape_at[0], "t: rows of 33 values, expected a multiple of 32, the block of Q8_0");
    tensor.shape[0] = 128; /* a block of 256 in all, but no row has one */
    tensor.format = 12;
    made = made_with_tensor(tensor);
    refused(&made, made.shape_at[0], "t: rows of 128 values, expected a multiple of 256, the block of Q4_K");
}

static void data_outside_the_file_are_refused(void **state) /* TENSORS_BAD_OFFSET, CVE-2026-7482, CVE-2026-27940 */
{
    (void)state;
    static const uint64_t offsets[] = { 64, 96, 128, (uint64_t)1 << 32, (uint64_t)1 << 63, UINT64_MAX - 31 };
    for (size_t i = 0; i < LENGTH(offsets); i++) {
        struct recipe_tensor tensor = good_tensor;
        tensor.offset = offsets[i];
        struct made made = made_with_tensor(tensor);
        refused(&made, made.offset_at[0], "t: it needs 64 bytes at ");
    }
}

static void offsets_are_multiples_of_the_alignment(void **state) /* ..._INCONSISTENT_ALIGN, TENSORS_BAD_OFFSET (-1) */
{
    (void)state;
    static const uint64_t offsets[] = { 1, 8, 16, 31, UINT64_MAX };
    for (size_t i = 0; i < LENGTH(offsets); i++) {
        struct recipe_tensor tensor = good_tensor;
        tensor.offset = offsets[i];
        struct made made = made_with_tensor(tensor);
        refused(&made, made.offset_at[0], "expected a multiple of 32");
    }
}

static void data_of_two_tensors_may_not_overlap(void **state)
{
    (void)state;
    struct recipe recipe = recipe_good();
    recipe.tensors[1].offset = 32;
    struct made made = make(&recipe);
    refused(&made, made.offset_at[1], "second.weight: its data begin at byte");
    recipe.tensors[0].offset = 32;
    made = make(&recipe); /* the same place: one of them is in the other */
    refused(&made, made.offset_at[1], "inside those of first.weight");
}

static void a_tensor_named_twice_is_refused(void **state) /* TENSORS_DUPLICATE_NAME */
{
    (void)state;
    struct recipe recipe = recipe_good();
    recipe.tensors[1].name = recipe.tensors[0].name;
    recipe.tensors[1].name_bytes = recipe.tensors[0].name_bytes;
    struct made made = make(&recipe);
    refused(&made, made.tensor_at[1] + 8, "first.weight: a second tensor of this name");
}

static void a_file_without_its_last_byte_is_refused(void **state) /* DATA_NOT_ENOUGH_DATA */
{
    (void)state;
    struct recipe recipe = recipe_good();
    recipe.data_bytes--;
    struct made made = make(&recipe);
    refused(&made, made.offset_at[1], "second.weight: it needs 34 bytes at 64 of the data, which have 97: download");
}

static void two_tensors_whose_sizes_wrap_together_are_refused(void **state) /* DATA_MEM_SIZE_OVERFLOW */
{
    (void)state;
    struct recipe recipe = recipe_good();
    recipe.tensors[0] = (struct recipe_tensor){ "a", 1, 1, { 0x7FFFFFFFFFFFFFC0, 1, 1, 1, 1 }, 24, 0 };
    recipe.tensors[1] = (struct recipe_tensor){ "b", 1, 1, { 0x7FFFFFFFFFFFFFC0, 1, 1, 1, 1 }, 24, 0x7FFFFFFFFFFFFFC0 };
    struct made made = make(&recipe);
    refused(&made, made.offset_at[0], "a: it needs 9223372036854775744 bytes at 0");
}

/* ---- files on disk ----------------------------------------------------------------------------------------------- */

static void check_file(size_t bytes_kept, const char *reason)
{
    struct recipe recipe = recipe_good();
    struct made made = make(&recipe);
    struct gguf *gguf = NULL;
    struct error error = { 0 };
    char folder[64], path[128];
    snprintf(path, sizeof path, "%s/tiny.gguf", folder_temporary(folder));
    const struct span kept = span_of(made.bytes.bytes, size_min(bytes_kept, made.bytes.length));
    assert_done(file_write_atomic(path, kept, &error), &error);
    const bool opened = gguf_open(path, &gguf, &error);
    folder_remove(folder);
    if (reason) {
        assert_false(opened);
        assert_null(gguf);
        assert_contains(error.text, path);
        assert_contains(error.text, reason);
    } else {
        assert_done(opened, &error);
        assert_string_equal(gguf_path(gguf), path);
        assert_int_equal(gguf_tensor_at(gguf, 1)->data.data[0], 64);
    }
    gguf_close(gguf);
    buffer_free(&made.bytes);
}

static void a_file_opens_and_a_cut_one_is_refused_by_its_path(void **state)
{
    (void)state;
    check_file(SIZE_MAX, NULL);
    check_file(100, "byte");
    check_file(4, "the version takes 4 bytes, the file has 0 left");
    check_file(0, "byte 0: ");
}

static void what_is_no_file_is_refused(void **state)
{
    (void)state;
    struct gguf *gguf = NULL;
    struct error error = { 0 };
    assert_false(gguf_open("/", &gguf, &error));
    assert_contains(error.text, "not a regular file");
    assert_false(gguf_open("/nowhere/model.gguf", &gguf, &error));
    assert_contains(error.text, "/nowhere/model.gguf");
    assert_null(gguf);
}

int main(void)
{
    RUN_TESTS(
        TEST(versions_2_and_3_open_with_all_that_is_in_them), TEST(a_file_without_keys_and_tensors_opens),
        TEST(tensors_may_lie_in_any_order_and_apart), TEST(alignments_from_8_to_a_page_are_kept),
        TEST(the_data_begin_at_the_next_multiple_however_long_the_head), TEST(what_is_no_gguf_file_is_refused),
        TEST(files_of_a_few_bytes_are_refused), TEST(other_versions_are_refused_by_number),
        TEST(counts_beyond_the_file_are_refused), TEST(counts_beyond_any_model_are_refused_in_a_large_file),
        TEST(one_key_or_tensor_more_or_less_than_said_is_refused),
        TEST(names_of_keys_have_1_to_65535_bytes_that_are_there),
        TEST(a_key_name_of_65536_bytes_is_refused_and_one_less_is_not), TEST(names_are_readable_text),
        TEST(a_zero_byte_in_a_name_is_refused), TEST(unknown_types_of_keys_are_refused),
        TEST(a_key_named_twice_is_refused), TEST(a_bool_is_0_or_1), TEST(strings_longer_than_the_file_are_refused),
        TEST(bad_arrays_are_refused), TEST(an_alignment_that_is_no_power_of_two_from_8_is_refused),
        TEST(an_alignment_of_another_type_is_refused), TEST(names_of_tensors_have_1_to_63_bytes),
        TEST(tensors_have_1_to_4_dimensions), TEST(a_dimension_of_zero_or_below_is_refused),
        TEST(sizes_that_overflow_are_refused), TEST(unknown_formats_are_refused_by_number), TEST(rows_are_whole_blocks),
        TEST(data_outside_the_file_are_refused), TEST(offsets_are_multiples_of_the_alignment),
        TEST(data_of_two_tensors_may_not_overlap), TEST(a_tensor_named_twice_is_refused),
        TEST(a_file_without_its_last_byte_is_refused), TEST(two_tensors_whose_sizes_wrap_together_are_refused),
        TEST(a_file_opens_and_a_cut_one_is_refused_by_its_path), TEST(what_is_no_file_is_refused));
}
