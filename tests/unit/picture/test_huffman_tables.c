// The standard Huffman tables that are put in where a camera leaves them out.
#include "picture/jpeg_encoder.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void huffman_tables_are_the_four_of_annex_k(void **state)
{
    (void)state;
    struct bytes tables;
    struct fault fault;
    struct jpeg_encoder *encoder = jpeg_encoder_create(&fault);
    assert_non_null(encoder);
    bytes_init(&tables);
    assert_true(jpeg_encoder_huffman_tables(encoder, &tables, &fault));
    // FFC4, length, class and id, 16 counts, and as many symbols as T.81 K.3 lists
    static const struct {
        uint8_t id;
        uint8_t symbols;
    } expected[] = {{0x00, 12}, {0x10, 162}, {0x01, 12}, {0x11, 162}};
    size_t at = 0;
    for (int i = 0; i < 4; i++) {
        assert_int_equal(tables.data[at], 0xFF);
        assert_int_equal(tables.data[at + 1], 0xC4);
        assert_int_equal(tables.data[at + 2] << 8 | tables.data[at + 3], 19 + expected[i].symbols);
        assert_int_equal(tables.data[at + 4], expected[i].id);
        at += 2 + 19 + (size_t)expected[i].symbols;
    }
    assert_int_equal(at, tables.len);
    bytes_fini(&tables);
    jpeg_encoder_destroy(encoder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(huffman_tables_are_the_four_of_annex_k),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
