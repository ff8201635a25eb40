/*
 * Code that is chosen once, at boot: NOPs in the image that become other instructions on CPUs with
 * a feature. The assembly's side is arch_x86/macros.inc.
 */
#ifndef ARCH_X86_ALTERNATIVES_H
#define ARCH_X86_ALTERNATIVES_H

#define ALT_SMAP 1
#define ALT_ERMS 2
#define ALT_PTI 3 /* page table isolation is on */
#define ALT_PCID 4
#define ALT_XSAVE 5
#define ALT_XSAVEOPT 6
#define ALT_XSAVES 7 /* and XRSTORS: the threads' areas have its format */

#define ALT_STRING_(x) #x
#define ALT_STRING(x) ALT_STRING_(x)
/*
 * At the label `site` become the `size` bytes of `code`, three to six, where the CPU has the feature;
 * of several records for one site the last that applies counts.
 */
#define ALT_RECORD(site, feature, size, code)                                                      \
	".pushsection .altinstr, \"a\"\n\t.balign 4\n\t.long " site " - .\n\t"                     \
	".byte " ALT_STRING(feature) ", " ALT_STRING(size) ", " code "\n\t.balign 4\n\t"           \
							   ".popsection\n\t"
/* Three bytes of NOP, or the bytes of `code` where the CPU has the feature. */
#define ALTERNATIVE_3(feature, code)                                                               \
	"661: .byte 0x0f, 0x1f, 0x00\n\t" ALT_RECORD("661b", feature, 3, code)

static inline void user_access_begin(void)
{
	__asm__ volatile(ALTERNATIVE_3(ALT_SMAP, "0x0f, 0x01, 0xcb")::: "memory");
}

static inline void user_access_end(void)
{
	__asm__ volatile(ALTERNATIVE_3(ALT_SMAP, "0x0f, 0x01, 0xca")::: "memory");
}

#endif
