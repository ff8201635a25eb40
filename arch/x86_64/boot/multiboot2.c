/*
 * Multiboot2 boot information (Multiboot2 Specification 2.0, 3.6).
 */
#include "boot_internal.h"

#include <kernel/compiler.h>
#include <kernel/lib/string.h>

#define TAG_END 0
#define TAG_COMMAND_LINE 1
#define TAG_LOADER_NAME 2
#define TAG_MODULE 3
#define TAG_MEMORY_MAP 6
#define TAG_FRAMEBUFFER 8
#define TAG_ACPI_OLD 14
#define TAG_ACPI_NEW 15

typedef struct tag {
	u32 type, size;
} tag_t;

typedef struct tag_module {
	tag_t head;
	u32 start, end;
	char text[];
} tag_module_t;

typedef struct tag_memory_map {
	tag_t head;
	u32 entry_size, version;
} tag_memory_map_t;

typedef struct memory_entry {
	u64 base, length;
	u32 type, zero;
} memory_entry_t;

typedef struct tag_framebuffer {
	tag_t head;
	u64 address;
	u32 pitch, width, height;
	u8 bpp, type;
	u16 reserved;
	u8 red_pos, red_size, green_pos, green_size, blue_pos, blue_size;
} __packed tag_framebuffer_t;

static __init void copy_text(char *to, size_t size, const char *from, size_t max)
{
	size_t n = strnlen(from, MIN(max, size - 1));

	memcpy(to, from, n);
	to[n] = 0;
}

static __init const char *parse_memory_map(const tag_t *tag, boot_info_t *out)
{
	const tag_memory_map_t *t = (const tag_memory_map_t *)tag;
	size_t at = sizeof(*t);

	if (tag->size < sizeof(*t) || t->entry_size < sizeof(memory_entry_t))
		return "the boot loader's memory map is damaged";
	for (; at + sizeof(memory_entry_t) <= tag->size && out->region_count < BOOT_MAX_REGIONS;
	     at += t->entry_size) {
		memory_entry_t e;
		boot_region_t *r = &out->regions[out->region_count];

		memcpy(&e, (const char *)t + at, sizeof(e));
		if (!e.length || e.base + e.length < e.base)
			continue;
		*r = (boot_region_t){ e.base, e.base + e.length,
				      e.type >= BOOT_RAM && e.type <= BOOT_BAD
					      ? (boot_region_type_t)e.type
					      : BOOT_RESERVED };
		out->region_count++;
		if (at + t->entry_size < at)
			break;
	}
	return NULL;
}

static __init void parse_module(const tag_t *tag, boot_info_t *out)
{
	const tag_module_t *t = (const tag_module_t *)tag;
	boot_module_t *m = &out->modules[out->module_count];

	if (tag->size < sizeof(*t) || t->end <= t->start || out->module_count == BOOT_MAX_MODULES)
		return;
	m->start = t->start;
	m->end = t->end;
	copy_text(m->name, sizeof(m->name), t->text, tag->size - sizeof(*t));
	out->module_count++;
}

static __init void parse_framebuffer(const tag_t *tag, boot_info_t *out)
{
	tag_framebuffer_t t;

	if (tag->size < offsetof(tag_framebuffer_t, red_pos))
		return;
	memset(&t, 0, sizeof(t));
	memcpy(&t, tag, MIN((size_t)tag->size, sizeof(t)));
	out->framebuffer = (boot_framebuffer_t){
		.address = t.address,
		.width = t.width,
		.height = t.height,
		.pitch = t.pitch,
		.bits_per_pixel = t.bpp,
		.type = t.type,
		.red_pos = t.red_pos,
		.red_size = t.red_size,
		.green_pos = t.green_pos,
		.green_size = t.green_size,
		.blue_pos = t.blue_pos,
		.blue_size = t.blue_size,
	};
	out->has_framebuffer = true;
}

/* The tag holds a copy of the RSDP; what matters is where the root tables are. */
static __init void parse_rsdp(const tag_t *tag, boot_info_t *out)
{
	size_t len = tag->size - sizeof(*tag);

	if (len < 20 || (tag->type == TAG_ACPI_OLD && out->rsdp_copy_len))
		return;
	out->rsdp_copy_len = (u32)MIN(len, sizeof(out->rsdp_copy));
	memcpy(out->rsdp_copy, tag + 1, out->rsdp_copy_len);
}

__init const char *multiboot2_parse(const void *info, size_t limit, boot_info_t *out)
{
	const char *base = info;
	u32 total;
	size_t at = 8;

	if (limit < 16)
		return "the boot information is cut off";
	memcpy(&total, base, 4);
	if (total < 16 || total > limit)
		return "the boot information's size is damaged";
	out->loader = "Multiboot2";
	while (at + sizeof(tag_t) <= total) {
		const tag_t *tag = (const tag_t *)(base + at);
		const char *wrong = NULL;

		if (tag->size < sizeof(*tag) || tag->size > total - at)
			return "a tag of the boot information is damaged";
		switch (tag->type) {
		case TAG_END:
			return out->region_count ? NULL : "the boot loader gave no memory map";
		case TAG_COMMAND_LINE:
			copy_text(out->command_line, sizeof(out->command_line),
				  (const char *)(tag + 1), tag->size - sizeof(*tag));
			break;
		case TAG_MODULE:
			parse_module(tag, out);
			break;
		case TAG_MEMORY_MAP:
			wrong = parse_memory_map(tag, out);
			break;
		case TAG_FRAMEBUFFER:
			parse_framebuffer(tag, out);
			break;
		case TAG_ACPI_OLD:
		case TAG_ACPI_NEW:
			parse_rsdp(tag, out);
			break;
		}
		if (wrong)
			return wrong;
		at += ALIGN_UP((size_t)tag->size, 8);
	}
	return out->region_count ? NULL : "the boot loader gave no memory map";
}
