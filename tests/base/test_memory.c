/* How much memory there is: something, and never more than BASTIDE_MEMORY allows. */
#include "check.h"

static void the_machine_has_some_memory(void **state)
{
    (void)state;
    unsetenv("BASTIDE_MEMORY");
    assert_true(memory_available() > 1 << 20);
}

static void the_environment_lowers_it(void **state)
{
    (void)state;
    setenv("BASTIDE_MEMORY", "1M", 1);
    assert_int_equal(memory_available(), 1 << 20);
    setenv("BASTIDE_MEMORY", "0", 1);
    assert_int_equal(memory_available(), 0);
}

static void the_environment_cannot_raise_it(void **state)
{
    (void)state;
    setenv("BASTIDE_MEMORY", "900000000G", 1);
    assert_true(memory_available() < (size_t)1 << 50);
}

static void nonsense_in_the_environment_changes_nothing(void **state)
{
    (void)state;
    setenv("BASTIDE_MEMORY", "lots", 1);
    assert_true(memory_available() > 1 << 20);
    unsetenv("BASTIDE_MEMORY");
}

int main(void)
{
    RUN_TESTS(TEST(the_machine_has_some_memory), TEST(the_environment_lowers_it), TEST(the_environment_cannot_raise_it),
              TEST(nonsense_in_the_environment_changes_nothing));
}
