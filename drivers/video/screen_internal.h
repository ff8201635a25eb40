/*
 * The back ends of the text screen.
 */
#ifndef DRIVERS_VIDEO_SCREEN_INTERNAL_H
#define DRIVERS_VIDEO_SCREEN_INTERNAL_H

#include <drivers/screen.h>

/* Each returns NULL when the machine has no such screen. May sleep. */
screen_t *framebuffer_probe(void);
screen_t *vga_text_probe(void);

#endif
