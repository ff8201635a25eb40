; The vDSO as the linker made it from user/ and the build padded it to whole pages.
bits 64
section .rodata progbits alloc noexec nowrite align=16

global arch_vdso_image
global arch_vdso_image_end
arch_vdso_image:
	incbin "vdso.img"
arch_vdso_image_end:
