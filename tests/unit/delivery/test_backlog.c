// backlog.h: bounds, and which picture goes to which topic.
#include "cmocka_all.h"

#include "delivery/backlog.h"

#include <string.h>

static void make(struct picture *picture, uint64_t seq, size_t size)
{
    struct fault fault;
    picture_init(picture);
    picture->seq = seq;
    assert_true(bytes_reserve(&picture->jpeg, size, &fault));
    if (size > 0) {
        memset(picture->jpeg.data, 0, size);
    }
    picture->jpeg.len = size;
}

static void put(struct backlog *backlog, uint64_t seq, size_t size, bool link_is_up, int64_t now_ns)
{
    struct fault fault;
    struct picture picture;
    make(&picture, seq, size);
    assert_true(backlog_put(backlog, &picture, link_is_up, now_ns, &fault));
    assert_null(picture.jpeg.data); // taken
}

static uint64_t seq_of(const struct backlog_entry *entry)
{
    return entry == NULL ? 0 : entry->picture->seq;
}

static struct backlog_entry *begun(struct backlog *backlog, struct backlog_entry *entry)
{
    struct fault fault;
    assert_true(backlog_begin(backlog, entry, &fault));
    return entry;
}

static void done(struct backlog *backlog, struct backlog_entry *entry)
{
    backlog_take(backlog, entry, true);
    backlog_entry_destroy(entry);
}

// Sheds for a picture of that size, or for none (0).
static struct backlog_entry *shed(struct backlog *backlog, size_t size, int64_t now_ns,
                                  struct fault *why)
{
    struct picture picture;
    make(&picture, 0, size);
    struct backlog_entry *entry = backlog_shed(backlog, size > 0 ? &picture : NULL, now_ns, why);
    picture_fini(&picture);
    return entry;
}

static void test_bytes_are_bounded(void **state)
{
    (void)state;
    struct fault why;
    struct backlog backlog;
    backlog_init(&backlog, 1000, 1000);
    put(&backlog, 1, 500, false, 0);
    assert_null(shed(&backlog, 500, 0, &why)); // to the byte
    put(&backlog, 2, 500, false, 0);
    struct backlog_entry *gone = shed(&backlog, 1, 0, &why);
    assert_int_equal(seq_of(gone), 1);
    assert_non_null(strstr(why.text, "1001 bytes were waiting, spool.max_bytes is 1000"));
    backlog_entry_destroy(gone);
    assert_null(shed(&backlog, 1, 0, &why));
    put(&backlog, 3, 1, false, 0);
    assert_int_equal(backlog.bytes, 501);
    assert_int_equal(backlog.count, 2);
    backlog_fini(&backlog);
}

static void test_nothing_is_held_beyond_the_picture(void **state)
{
    (void)state;
    struct backlog backlog;
    backlog_init(&backlog, 100000, 1000);
    put(&backlog, 1, 33000, false, 0); // the buffer had grown to 65536
    assert_int_equal(backlog_newest(&backlog)->picture->jpeg.room, 33000);
    backlog_fini(&backlog);
}

static void test_what_is_in_flight_is_not_shed(void **state)
{
    (void)state;
    struct fault why;
    struct picture picture;
    struct backlog backlog;
    backlog_init(&backlog, 1000, 1000);
    put(&backlog, 1, 800, true, 0);
    begun(&backlog, backlog_newest(&backlog));
    assert_null(shed(&backlog, 800, 0, &why));
    assert_null(shed(&backlog, 0, 5000, &why)); // nor for its age
    make(&picture, 2, 800);
    assert_false(backlog_put(&backlog, &picture, true, 0, &why)); // so there is no room
    assert_non_null(strstr(why.text, "no room for 800 bytes"));
    assert_int_equal(picture.jpeg.len, 800);
    picture_fini(&picture);
    assert_int_equal(backlog.bytes, 800);
    backlog_fini(&backlog);
}

static void test_age_is_bounded(void **state)
{
    (void)state;
    struct fault why;
    struct backlog backlog;
    backlog_init(&backlog, 1000, 1000);
    assert_int_equal(backlog_expiry_ns(&backlog), INT64_MAX);
    put(&backlog, 1, 1, false, 100);
    put(&backlog, 2, 1, false, 200);
    assert_int_equal(backlog_expiry_ns(&backlog), 1100);
    assert_null(shed(&backlog, 0, 1099, &why));
    struct backlog_entry *gone = shed(&backlog, 0, 1100, &why);
    assert_int_equal(seq_of(gone), 1);
    assert_non_null(strstr(why.text, "spool.max_age_s"));
    backlog_entry_destroy(gone);
    assert_null(shed(&backlog, 0, 1100, &why));
    backlog_fini(&backlog);
}

static void test_newest_goes_live_after_an_outage(void **state)
{
    (void)state;
    struct backlog backlog;
    backlog_init(&backlog, 1000, 1000);
    for (uint64_t seq = 1; seq <= 3; seq++) {
        put(&backlog, seq, 1, false, 0);
    }
    assert_null(backlog_next_live(&backlog));
    backlog_link_up(&backlog);
    assert_int_equal(seq_of(backlog_next_live(&backlog)), 3);
    done(&backlog, backlog_next_live(&backlog));
    assert_null(backlog_next_live(&backlog));
    assert_int_equal(seq_of(backlog_next_late(&backlog)), 1);
    done(&backlog, backlog_next_late(&backlog));
    assert_int_equal(seq_of(backlog_next_late(&backlog)), 2);
    done(&backlog, backlog_next_late(&backlog));
    assert_null(backlog_next_late(&backlog));
    backlog_fini(&backlog);
}

// What is on `image` already is newer than what is left.
static void test_live_view_never_goes_back(void **state)
{
    (void)state;
    struct backlog backlog;
    backlog_init(&backlog, 1000, 1000);
    put(&backlog, 1, 1, false, 0);
    put(&backlog, 2, 1, false, 0);
    backlog_link_up(&backlog);
    done(&backlog, backlog_next_live(&backlog));
    backlog_link_up(&backlog); // the next connection
    assert_null(backlog_next_live(&backlog));
    assert_int_equal(seq_of(backlog_next_late(&backlog)), 1);
    backlog_fini(&backlog);
}

static void test_next_in_line_is_not_overtaken(void **state)
{
    (void)state;
    struct backlog backlog;
    backlog_init(&backlog, 1000, 1000);
    put(&backlog, 1, 1, true, 0);
    struct backlog_entry *sent = backlog_next_live(&backlog);
    assert_int_equal(seq_of(sent), 1);
    begun(&backlog, sent);
    put(&backlog, 2, 1, true, 0);
    put(&backlog, 3, 1, true, 0);
    done(&backlog, sent);
    assert_int_equal(seq_of(backlog_next_live(&backlog)), 2);
    done(&backlog, backlog_next_live(&backlog));
    assert_int_equal(seq_of(backlog_next_live(&backlog)), 3);
    assert_null(backlog_next_late(&backlog));
    backlog_fini(&backlog);
}

static void test_slow_link_does_not_make_the_view_lag(void **state)
{
    (void)state;
    struct backlog backlog;
    backlog_init(&backlog, 1000, 1000);
    put(&backlog, 1, 1, true, 0);
    struct backlog_entry *sent = backlog_next_live(&backlog);
    begun(&backlog, sent);
    for (uint64_t seq = 2; seq <= 5; seq++) {
        put(&backlog, seq, 1, true, 0);
    }
    done(&backlog, sent);
    assert_int_equal(seq_of(backlog_next_live(&backlog)), 4);
    assert_int_equal(seq_of(backlog_next_late(&backlog)), 2);
    backlog_fini(&backlog);
}

// Refused for a while, and the camera was faster: then it is one of the late ones.
static void test_put_back_behind_others(void **state)
{
    (void)state;
    struct backlog backlog;
    backlog_init(&backlog, 1000, 1000);
    put(&backlog, 1, 1, true, 0);
    struct backlog_entry *sent = begun(&backlog, backlog_next_live(&backlog));
    put(&backlog, 2, 1, true, 0);
    put(&backlog, 3, 1, true, 0);
    backlog_put_back(&backlog, sent);
    assert_true(sent->live);
    begun(&backlog, sent);
    put(&backlog, 4, 1, true, 0);
    assert_int_equal(seq_of(backlog_next_live(&backlog)), 3);
    backlog_put_back(&backlog, sent);
    assert_int_equal(seq_of(backlog_next_live(&backlog)), 3);
    for (uint64_t seq = 1; seq <= 2; seq++) {
        assert_int_equal(seq_of(backlog_next_late(&backlog)), seq);
        done(&backlog, backlog_next_late(&backlog));
    }
    assert_null(backlog_next_late(&backlog));
    backlog_fini(&backlog);
}

static void test_number_is_bounded(void **state)
{
    (void)state;
    struct fault why;
    struct backlog backlog;
    backlog_init(&backlog, UINT32_MAX, 1000);
    for (uint64_t seq = 1; seq <= BACKLOG_PICTURES_MAX; seq++) {
        put(&backlog, seq, 1, false, 0);
    }
    assert_null(shed(&backlog, 0, 0, &why));
    struct backlog_entry *gone = shed(&backlog, 1, 0, &why);
    assert_int_equal(seq_of(gone), 1);
    backlog_entry_destroy(gone);
    assert_null(shed(&backlog, 1, 0, &why));
    backlog_fini(&backlog);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bytes_are_bounded),
        cmocka_unit_test(test_nothing_is_held_beyond_the_picture),
        cmocka_unit_test(test_what_is_in_flight_is_not_shed),
        cmocka_unit_test(test_age_is_bounded),
        cmocka_unit_test(test_newest_goes_live_after_an_outage),
        cmocka_unit_test(test_live_view_never_goes_back),
        cmocka_unit_test(test_next_in_line_is_not_overtaken),
        cmocka_unit_test(test_slow_link_does_not_make_the_view_lag),
        cmocka_unit_test(test_put_back_behind_others),
        cmocka_unit_test(test_number_is_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
