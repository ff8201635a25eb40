/*
 * What compiled code calls when a function's stack frame was overwritten past an array.
 */
#include <kernel/panic.h>

__noreturn void __stack_chk_fail(void);

__noreturn void __stack_chk_fail(void)
{
	/* The call is the function's last instruction: what it returns to may be the next one's. */
	unsigned long offset, ip = (unsigned long)__builtin_return_address(0) - 1;
	const char *name = symbol_lookup(ip, &offset);

	panic("stack frame of %s was overwritten", name ? name : "an unknown function");
}
