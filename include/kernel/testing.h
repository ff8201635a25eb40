/*
 * Tests inside the booted kernel (tests/kernel), in debug builds: `ktest=NAME,...` on the command
 * line runs them once everything is up and powers the machine off. Returns when there is no such
 * word.
 */
#ifndef KERNEL_TESTING_H
#define KERNEL_TESTING_H

#ifdef CONFIG_DEBUG
void kernel_tests_run(void);
#else
static inline void kernel_tests_run(void)
{
}
#endif

#endif
