/*
 * Early boot: from the entry code's page tables to the kernel's own.
 *
 * boot_start runs at the link address with the first 4 GiB mapped one to one. It reads the boot
 * information, decides where the image and the big regions of the kernel's address space go
 * (KASLR), makes the final page tables, relocates the image and leaves for boot_high, which runs at
 * the final address and never comes back here. Until then nothing may use per-CPU data, locks or
 * printk: what goes wrong is said on the serial line and screen by boot_die.
 */
#include "boot_internal.h"

#include <arch/entry.h>
#include <arch/io.h>
#include <arch/mmu.h>
#include <arch_x86/bring_up.h>
#include <arch_x86/canary.h>
#include <arch_x86/features.h>
#include <arch_x86/instructions.h>
#include <arch_x86/percpu_setup.h>
#include <arch_x86/pti.h>
#include <kernel/lib/string.h>
#include <kernel/lib/virtio_mmio.h>
#include <kernel/thread.h>
#include <mm/early.h>
#include <mm/kasan.h>

#define LINK_BASE 0xffffffff80000000UL
#define IMAGE_WINDOW (1UL << 30)
#define IDENTITY_END (4UL << 30)
#define MEMORY_FLOOR (30UL << 20) /* 32 MiB, less what the firmware keeps */

/* linker.ld */
extern char image_start[], image_end[], text_end[], init_text_start[], rodata_start[], rodata_end[],
	data_start[], data_end[], ro_bss_start[], ro_bss_end[];
extern u64 relr_start[], relr_end[];
extern pte_t boot_tables[];
extern char boot_stack[];
#define BOOT_STACK_SIZE 16384

boot_info_t boot_info;
unsigned long direct_map_base __ro_after_init;
unsigned long page_array_base __ro_after_init;
unsigned long vmalloc_start __ro_after_init, vmalloc_end __ro_after_init;
static unsigned long image_slide __ro_after_init;
phys_addr_t image_phys __ro_after_init;
pte_t *kernel_pml4 __ro_after_init;
phys_addr_t trampoline_root __ro_after_init;
static phys_addr_t root_phys;

void boot_enter(phys_addr_t root, unsigned long rip, unsigned long rsp, void *arg,
		phys_addr_t image) __noreturn;

static __init void die_text(const char *s)
{
	volatile u16 *screen = (volatile u16 *)0xb8000;

	for (; *s; s++) {
		for (u32 i = 0; i < 100000 && !(arch_in8(0x3fd) & 0x20); i++)
			cpu_relax();
		arch_out8(0x3f8, (u8)*s);
		*screen++ = (u16)(0x0f00 | (u8)*s);
	}
}

__init __noreturn void boot_die(const char *why)
{
	static char line[160];
	size_t n;

	strscpy(line, "cloudos: ", sizeof(line));
	n = strlen(line);
	strscpy(line + n, why, sizeof(line) - n);
	n = strlen(line);
	strscpy(line + n, "; cannot boot\r\n", sizeof(line) - n);
	die_text(line);
	for (;;)
		__asm__ volatile("cli; hlt");
}

static __init const void *map_low(phys_addr_t pa, size_t len)
{
	return pa && pa + len >= pa && pa + len <= IDENTITY_END ? (const void *)pa : NULL;
}

/* ---- randomness (the pool is not there yet) ---- */

static u64 random_state;

static __init u64 hardware_random(void)
{
	u64 value = 0;

	if (cpu_has(CPU_RDRAND))
		for (u32 i = 0; i < 10; i++) {
			bool ok;

			__asm__ volatile("rdrand %0" : "=r"(value), "=@ccc"(ok));
			if (ok)
				break;
		}
	return value ^ arch_cycles();
}

/* splitmix64 (Steele, Lea, Flood, "Fast splittable pseudorandom number generators", 2014). */
static __init u64 boot_random(void)
{
	u64 z = (random_state += 0x9e3779b97f4a7c15UL) ^ hardware_random();

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9UL;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebUL;
	return z ^ (z >> 31);
}

static __init u64 random_below(u64 n)
{
	return n ? boot_random() % n : 0;
}

/* ---- command line words that matter before there is anything else ---- */

static __init const char *early_option(const char *name)
{
	const char *s = boot_info.command_line;
	size_t n = strlen(name);

	while (*s) {
		s += strspn(s, " ");
		if (!strncmp(s, name, n) && (s[n] == '=' || s[n] == ' ' || !s[n]))
			return s[n] == '=' ? s + n + 1 : s + n;
		s += strcspn(s, " ");
	}
	return NULL;
}

static __init u64 parse_size(const char *s)
{
	u64 value = 0;

	while (*s >= '0' && *s <= '9')
		value = value * 10 + (u64)(*s++ - '0');
	switch (*s | 0x20) {
	case 'g':
		return value << 30;
	case 'm':
		return value << 20;
	case 'k':
		return value << 10;
	}
	return value;
}

/* ---- memory ---- */

__init phys_addr_t boot_phys_limit(void)
{
	return 1UL << MIN(cpu_identity.phys_bits, PHYS_BITS_MAX);
}

/* RAM beyond is not used: "mem=", and what neither CPU nor direct map can reach. */
static __init u64 memory_limit(void)
{
	const char *option = early_option("mem");
	u64 limit = option ? parse_size(option) : 0;

	return limit ? MIN(limit, boot_phys_limit()) : boot_phys_limit();
}

/* Devices that only the command line knows of: what lies there is no memory, whatever the map says. */
static __init void reserve_devices(void)
{
	const char *word = boot_info.command_line;
	virtio_mmio_option_t o;

	while ((word = strstr(word, VIRTIO_MMIO_OPTION "="))) {
		word += sizeof(VIRTIO_MMIO_OPTION "=") - 1;
		if (!virtio_mmio_parse(word, &o) || boot_info.region_count == BOOT_MAX_REGIONS)
			continue;
		boot_info.regions[boot_info.region_count++] =
			(boot_region_t){ o.start, o.end, BOOT_RESERVED };
	}
}

static __init void take_memory(phys_addr_t info, u32 info_size)
{
	u64 ram = 0;

	for (u32 i = 0; i < boot_info.region_count; i++) {
		const boot_region_t *r = &boot_info.regions[i];

		if (r->type != BOOT_RAM)
			continue;
		early_add_ram(r->start, r->end);
		ram += r->end - r->start;
	}
	if (ram < MEMORY_FLOOR)
		boot_die("less than 32 MiB of memory");
	early_reserve(0, PAGE_SIZE); /* real-mode vectors, and NULL */
	early_reserve(boot_info.image_start, boot_info.image_end);
	for (u32 i = 0; i < boot_info.module_count; i++)
		early_reserve(boot_info.modules[i].start, boot_info.modules[i].end);
	early_reserve(info, info + info_size);
	boot_info.trampoline = early_alloc(PAGE_SIZE, PAGE_SIZE, 0xa0000);
}

static __init void map_image_part(phys_addr_t root, const char *from, const char *to, u64 bits)
{
	unsigned long offset = (unsigned long)(from - image_start);

	boot_map(root, LINK_BASE + image_slide + offset, image_phys + offset, (u64)(to - from),
		 bits | pte_global, 0);
}

/* The image's place in the direct map. */
static __init void map_alias(phys_addr_t root, const char *from, const char *to)
{
	phys_addr_t pa = image_phys + (phys_addr_t)(from - image_start);

	boot_map(root, direct_map_base + pa, pa, (u64)(to - from), PTE_NX | pte_global, 0);
}

static __init void build_tables(void)
{
	phys_addr_t root = boot_new_table(), low = boot_new_table();
	int giant = cpu_has(CPU_GIANT_PAGES) ? 2 : 1;

	map_image_part(root, image_start, text_end, 0);
	map_image_part(root, rodata_start, rodata_end, PTE_NX | PTE_WRITE); /* sealed after boot */
	map_image_part(root, data_start, data_end, PTE_NX | PTE_WRITE);
	/* What is constant in the image is so here, too; what is in the way of a page that is mapped. */
	map_alias(root, image_start, init_text_start);
	map_alias(root, rodata_start, rodata_end);
	map_alias(root, ro_bss_start, ro_bss_end);
	/* The first MiB whole: firmware leaves its tables there, in and between the regions. */
	boot_map(root, direct_map_base, 0, 1UL << 20, PTE_WRITE | PTE_NX | pte_global, 0);
	for (u32 i = 0; i < boot_info.region_count; i++) {
		const boot_region_t *r = &boot_info.regions[i];
		phys_addr_t from = MAX(ALIGN_DOWN(r->start, PAGE_SIZE), 1UL << 20);
		phys_addr_t to = ALIGN_UP(r->end, PAGE_SIZE);

		if ((r->type != BOOT_RAM && r->type != BOOT_ACPI && r->type != BOOT_NVS) ||
		    from >= to)
			continue;
		boot_map(root, direct_map_base + from, from, to - from,
			 PTE_WRITE | PTE_NX | pte_global, giant);
	}
	boot_reserve_slot(root, vmalloc_start);
	boot_reserve_slot(root, page_array_base);
	/* While this code still runs one to one, and for the start of further CPUs. */
	memcpy((void *)low, (void *)root, PAGE_SIZE);
	*(pte_t *)low = boot_tables[0];
	trampoline_root = low;
	root_phys = root;
}

/* ---- where things go ---- */

/*
 * The upper half: direct map in the first 96 TiB, then vmalloc and the page array in 512 GiB slots
 * of their own, the image in its window at the top. Entropy: image 9 bits (2 MiB steps in 1 GiB),
 * direct map 14 (1 GiB steps), vmalloc 5 + 16, page array 5 + 16.
 */
#define DIRECT_MAP_START 0xffff800000000000UL
#define VMALLOC_SLOTS 0xffffe00000000000UL
#define PAGE_ARRAY_SLOTS 0xfffff00000000000UL
#define SLOT (1UL << 39)

/* pti=on, off (nopti), or auto: where the CPU leaks across privilege levels. */
static __init void choose_isolation(void)
{
	const char *value = early_option("pti");

	if (value && !strncmp(value, "on", 2))
		pti_choose(true);
	else if ((value && !strncmp(value, "off", 3)) || early_option("nopti"))
		pti_choose(false);
	else
		pti_choose(cpu_has(CPU_MELTDOWN));
}

static __init void choose_layout(void)
{
	bool random = !early_option("nokaslr");
	u64 image_size = (u64)(image_end - image_start);
	unsigned long slot;

	image_slide = 0;
	direct_map_base = DIRECT_MAP_START;
	vmalloc_start = VMALLOC_SLOTS;
	page_array_base = PAGE_ARRAY_SLOTS;
	vmalloc_end = vmalloc_start + SLOT;
	if (!random)
		return;
	image_slide = random_below((IMAGE_WINDOW - image_size) / HUGE_SIZE) * HUGE_SIZE;
	direct_map_base += random_below(1UL << 14) << GIANT_SHIFT;
	slot = VMALLOC_SLOTS + random_below(32) * SLOT;
	vmalloc_start = slot + random_below(1UL << 16) * HUGE_SIZE;
	vmalloc_end = slot + SLOT;
	page_array_base += random_below(32) * SLOT + random_below(1UL << 16) * HUGE_SIZE;
}

/*
 * Relative relocations in RELR form (gABI, "Relative Relocation Table"): an even word is an address
 * to relocate, an odd one a bitmap of the 63 words behind it.
 */
static __init void relocate(unsigned long slide)
{
	u64 *where = NULL;

	if (!slide)
		return;
	for (const u64 *r = relr_start; r < relr_end; r++) {
		if (!(*r & 1)) {
			where = (u64 *)*r;
			*where++ += slide;
			continue;
		}
		for (u32 i = 0; i < 63; i++)
			if ((*r >> (i + 1)) & 1)
				where[i] += slide;
		where += 63;
	}
}

static __init __noreturn void boot_high(void *arg)
{
	phys_addr_t area;

	boot_tables_live();
	area = early_alloc(percpu_size(), PAGE_SIZE, 0);
	if (!area)
		boot_die("no memory for per-CPU data");
	kernel_pml4 = phys_to_virt(root_phys);
	percpu_setup(0, phys_to_virt(area));
	percpu_load(0);
	canary_start_cpu(0, &init_thread);
	kernel_main(&boot_info);
}

__noreturn void boot_start(u32 magic, u32 info, phys_addr_t base);
__init __noreturn void boot_start(u32 magic, u32 info, phys_addr_t base)
{
	const char *wrong;
	u32 info_size = PAGE_SIZE;
	unsigned long direct_map;

	cpu_detect();
	random_state = arch_cycles();
	image_phys = base;
	boot_info.image_start = base;
	boot_info.image_end = base + (u64)(image_end - image_start);
	if (magic == PVH_MAGIC) {
		wrong = pvh_parse(info, map_low, &boot_info);
	} else {
		wrong = multiboot2_parse((const void *)(unsigned long)info, IDENTITY_END - info,
					 &boot_info);
		info_size = *(const u32 *)(unsigned long)info;
	}
	if (wrong)
		boot_die(wrong);
	reserve_devices();
	boot_regions_normalise(&boot_info, memory_limit());
	take_memory(info, info_size);
	for (const char *c = boot_info.command_line; *c; c++)
		random_state = random_state * 31 + (u8)*c;
	choose_layout();
	choose_isolation();
	boot_info.random_seed = boot_random();
	boot_info.canary_key[0] = boot_random();
	boot_info.canary_key[1] = boot_random();
	/*
	 * Tables are written through the one-to-one map: phys_to_virt must not be used until
	 * boot_high.
	 */
	direct_map = direct_map_base;
	build_tables();
	direct_map_base = direct_map;
	relocate(image_slide);
	boot_info.loader += image_slide; /* set above, at the link address */
	boot_enter(trampoline_root, (unsigned long)boot_high + image_slide,
		   (unsigned long)boot_stack + BOOT_STACK_SIZE + image_slide, NULL, image_phys);
}
