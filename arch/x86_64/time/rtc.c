/*
 * The battery-backed clock of the PC (Motorola MC146818A): CMOS registers behind ports 0x70 and
 * 0x71. Read twice until equal with no update under way, since it ticks at any moment.
 */
#include <arch/time.h>
#include <arch_x86/instructions.h>
#include <arch_x86/time_internal.h>
#include <kernel/lib/string.h>

#define PORT_INDEX 0x70
#define PORT_DATA 0x71
#define REG_SECOND 0
#define REG_MINUTE 2
#define REG_HOUR 4
#define REG_DAY 7
#define REG_MONTH 8
#define REG_YEAR 9
#define REG_STATUS_A 0xa
#define REG_STATUS_B 0xb
#define REG_CENTURY 0x32 /* where the FADT puts it on every PC that has one */
#define A_UPDATING BIT(7)
#define B_24_HOURS BIT(1)
#define B_BINARY BIT(2)
#define HOUR_PM 0x80
#define ABSENT 0xff /* what ports read that nothing answers at */
#define UPDATE_WAIT_US 10000
#define READ_TRIES 10

typedef struct rtc_time {
	u8 second, minute, hour, day, month, year, century;
} rtc_time_t;

static u8 cmos_read(u8 reg)
{
	outb(PORT_INDEX, reg);
	return inb(PORT_DATA);
}

/* False when the update bit never clears: there is no clock behind the ports. */
static bool read_registers(rtc_time_t *t)
{
	for (u32 us = 0; cmos_read(REG_STATUS_A) & A_UPDATING; us++) {
		if (us == UPDATE_WAIT_US)
			return false;
		arch_delay_ns(NSEC_PER_USEC);
	}
	*t = (rtc_time_t){
		.second = cmos_read(REG_SECOND),
		.minute = cmos_read(REG_MINUTE),
		.hour = cmos_read(REG_HOUR),
		.day = cmos_read(REG_DAY),
		.month = cmos_read(REG_MONTH),
		.year = cmos_read(REG_YEAR),
		.century = cmos_read(REG_CENTURY),
	};
	return true;
}

static u8 from_bcd(u8 v)
{
	return (v >> 4) * 10 + (v & 15);
}

/* Days from 1970-01-01 in the Gregorian calendar, by years that start in March. */
static s64 days_since_1970(s64 year, u32 month, u32 day)
{
	s64 y = month <= 2 ? year - 1 : year;
	s64 era = y / 400;
	u32 year_of_era = (u32)(y - era * 400);
	u32 day_of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;

	return era * 146097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 +
	       day_of_year - 719468;
}

__init bool rtc_present(void)
{
	return cmos_read(REG_STATUS_A) != ABSENT;
}

__init u64 rtc_wait_second(void)
{
	u8 first = cmos_read(REG_SECOND);

	while (cmos_read(REG_SECOND) == first)
		;
	return arch_cycles();
}

s64 arch_rtc_read(void)
{
	rtc_time_t t, again;
	s64 year;
	bool pm;
	u8 b;

	for (int i = 0;; i++) {
		if (i == READ_TRIES || !read_registers(&t) || !read_registers(&again))
			return 0;
		if (!memcmp(&t, &again, sizeof(t)))
			break;
	}
	b = cmos_read(REG_STATUS_B);
	pm = !(b & B_24_HOURS) && (t.hour & HOUR_PM);
	if (!(b & B_24_HOURS))
		t.hour &= ~HOUR_PM;
	if (!(b & B_BINARY))
		t = (rtc_time_t){
			from_bcd(t.second),  from_bcd(t.minute), from_bcd(t.hour),
			from_bcd(t.day),     from_bcd(t.month),	 from_bcd(t.year),
			from_bcd(t.century),
		};
	if (!(b & B_24_HOURS))
		t.hour = t.hour % 12 + (pm ? 12 : 0);
	if (t.second > 59 || t.minute > 59 || t.hour > 23 || t.day < 1 || t.day > 31 ||
	    t.month < 1 || t.month > 12 || t.year > 99)
		return 0;
	if (t.century >= 19 && t.century <= 29)
		year = t.century * 100 + t.year;
	else
		year = t.year + (t.year < 70 ? 2000 : 1900);
	return days_since_1970(year, t.month, t.day) * 86400 + t.hour * 3600 + t.minute * 60 +
	       t.second;
}
