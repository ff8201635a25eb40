/*
 * The pair of 8259 interrupt controllers, which only has to keep quiet. Even masked it can raise
 * spurious interrupts (lines 7 and 15), so it is first moved away from the exception vectors.
 */
#include <arch_x86/instructions.h>
#include <arch_x86/traps.h>

#include "irq_internal.h"

#define PORT_MASTER 0x20
#define PORT_SLAVE 0xa0
#define ICW1_INIT 0x11	 /* with ICW4 to follow */
#define ICW3_MASTER 0x04 /* the slave is on line 2 */
#define ICW3_SLAVE 2
#define ICW4_8086 0x01
#define MASK_ALL 0xff

__init void pic_disable(void)
{
	outb(PORT_MASTER, ICW1_INIT);
	outb(PORT_SLAVE, ICW1_INIT);
	outb(PORT_MASTER + 1, VECTOR_PIC);
	outb(PORT_SLAVE + 1, VECTOR_PIC + 8);
	outb(PORT_MASTER + 1, ICW3_MASTER);
	outb(PORT_SLAVE + 1, ICW3_SLAVE);
	outb(PORT_MASTER + 1, ICW4_8086);
	outb(PORT_SLAVE + 1, ICW4_8086);
	outb(PORT_MASTER + 1, MASK_ALL);
	outb(PORT_SLAVE + 1, MASK_ALL);
}
