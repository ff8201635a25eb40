; From the boot loader to 64-bit C code.
;
; Multiboot2 (specification 2.0, 3.3 "I386 machine state") and PVH (Xen, "x86/HVM direct boot ABI") both enter
; in 32-bit protected mode without paging. This code does not know where it lies: ebp holds the physical
; address of image_start, and every other address is computed from it. It checks what the kernel cannot do
; without, makes page tables that map the first 4 GiB one to one and the image at its link address, and goes
; on in boot_start (early.c).

MULTIBOOT2_HEADER_MAGIC equ 0xe85250d6
MULTIBOOT2_BOOT_MAGIC equ 0x36d76289
PVH_MAGIC equ 0x336ec578
LOAD_BASE equ 0x200000		; linker.ld
LINK_BASE equ 0xffffffff80000000

CR0_PE equ 1 << 0
CR0_WP equ 1 << 16
CR0_PG equ 1 << 31
CR4_PAE equ 1 << 5
MSR_EFER equ 0xc0000080
EFER_LME equ 1 << 8
EFER_NXE equ 1 << 11
PTE_PW equ 0x3			; present, writable
PTE_LEAF equ 0x80

section .boot.header progbits alloc exec nowrite align=8
header:
	dd MULTIBOOT2_HEADER_MAGIC
	dd 0			; i386
	dd header_end - header
	dd 0x100000000 - (MULTIBOOT2_HEADER_MAGIC + (header_end - header))
align 8
	dw 1, 0			; information request: memory map, modules, RSDPs, framebuffer, load base
	dd 8 + 4 * 7
	dd 1, 3, 6, 8, 14, 15, 21
align 8
	dw 5, 1			; framebuffer, optional: the mode to prefer; the console takes what there is
	dd 20
	dd 1024, 768, 32
align 8
	dw 6, 0			; modules page-aligned
	dd 8
align 8
	dw 10, 0		; relocatable: 2 MiB steps, below 4 GiB, as low as possible
	dd 24
	dd LOAD_BASE, 0xffffffff, 0x200000, 1
align 8
	dw 0, 0
	dd 8
header_end:

section .note.pvh progbits alloc noexec nowrite align=4
	dd 4, 4, 18		; name size, value size, XEN_ELFNOTE_PHYS32_ENTRY
	db "Xen", 0
	dd LOAD_BASE + (boot_pvh - header)

section .boot.header
bits 32

global boot_multiboot2
boot_multiboot2:
	cld
	mov esi, ebx
	mov edi, eax		; checked in early.c's protocol table
	jmp boot_common

global boot_pvh
boot_pvh:
	cld
	mov esi, ebx
	mov edi, PVH_MAGIC

boot_common:
	call .here
.here:
	pop ebp
	sub ebp, .here - header
	lea esp, [ebp + stack_ref - header]
	add esp, [esp]		; bottom of the boot stack
	add esp, 16384

	lea ebx, [ebp + message_magic - header]
	cmp edi, PVH_MAGIC
	je .known
	cmp edi, MULTIBOOT2_BOOT_MAGIC
	jne refuse
.known:
	; CPUID exists when EFLAGS.ID can be changed (Intel SDM 1, 20.1.2).
	pushfd
	pop eax
	mov ecx, eax
	xor eax, 1 << 21
	push eax
	popfd
	pushfd
	pop eax
	xor eax, ecx
	lea ebx, [ebp + message_long_mode - header]
	test eax, 1 << 21
	jz refuse
	mov eax, 0x80000000
	push ebx
	cpuid
	pop ebx
	cmp eax, 0x80000001
	jb refuse
	mov eax, 0x80000001
	push ebx
	cpuid
	pop ebx
	test edx, 1 << 29	; long mode
	jz refuse
	lea ebx, [ebp + message_nx - header]
	test edx, 1 << 20	; no-execute
	jz refuse

	; Tables: root, two of level 2, five of level 1 (identity 0-4 GiB, image), in that order.
	lea ebx, [ebp + tables_ref - header]
	add ebx, [ebx]
	lea eax, [ebx + 0x1000 + PTE_PW]
	mov [ebx], eax			; root[0]: identity
	lea eax, [ebx + 0x2000 + PTE_PW]
	mov [ebx + 511 * 8], eax	; root[511]: image
	lea edx, [ebx + 0x1000]
	lea eax, [ebx + 0x3000 + PTE_PW]
	mov ecx, 4
.identity_level2:
	mov [edx], eax
	add edx, 8
	add eax, 0x1000
	loop .identity_level2
	lea eax, [ebx + 0x7000 + PTE_PW]
	mov [ebx + 0x2000 + 510 * 8], eax
	lea edx, [ebx + 0x3000]
	mov eax, PTE_PW | PTE_LEAF
	mov ecx, 2048
.identity_level1:
	mov [edx], eax
	add edx, 8
	add eax, 0x200000
	loop .identity_level1
	lea eax, [ebp + PTE_PW + PTE_LEAF]
	mov ecx, 512
.image_level1:
	mov [edx], eax
	add edx, 8
	add eax, 0x200000
	loop .image_level1

	mov eax, CR4_PAE
	mov cr4, eax
	mov cr3, ebx
	mov ecx, MSR_EFER
	rdmsr
	or eax, EFER_LME | EFER_NXE
	wrmsr
	mov eax, CR0_PG | CR0_WP | CR0_PE
	mov cr0, eax
	lea eax, [ebp + gdt - header]
	mov [ebp + gdt_pointer - header + 2], eax
	lgdt [ebp + gdt_pointer - header]
	push 0x10
	lea eax, [ebp + .long_mode - header]
	push eax
	retf

bits 64
.long_mode:
	mov eax, 0x18
	mov ds, eax
	mov es, eax
	mov ss, eax
	xor eax, eax
	mov fs, eax
	mov gs, eax
	; From here at the link address. boot_start(protocol magic, information, physical base).
	mov rax, LINK_BASE
	mov edx, ebp
	sub rsp, rdx
	add rsp, rax
	lea rcx, [rel .high]
	sub rcx, rdx
	add rcx, rax
	jmp rcx
.high:
	mov edi, edi
	mov esi, esi
	xor ebp, ebp
	extern boot_start
	call boot_start
	ud2

bits 32
; One line on COM1 and the VGA text screen, then the end. ebx: text.
refuse:
	mov edi, 0xb8000
	mov ah, 0x0f
.next:
	mov al, [ebx]
	test al, al
	jz .halt
	mov [edi], ax
	add edi, 2
	mov ecx, 100000
	mov edx, 0x3fd
.wait:
	push eax
	in al, dx
	test al, 0x20
	pop eax
	jnz .ready
	loop .wait
.ready:
	mov edx, 0x3f8
	out dx, al
	inc ebx
	jmp .next
.halt:
	cli
	hlt
	jmp .halt

message_magic: db "cloudos: not started by a Multiboot2 or PVH loader; cannot boot", 13, 10, 0
message_long_mode: db "cloudos: this CPU has no long mode (x86-64); cannot boot", 13, 10, 0
message_nx: db "cloudos: this CPU has no NX (no-execute) bit, or it is off in the firmware; cannot boot", 13, 10, 0

align 8
gdt:
	dq 0, 0
	dq 0x00af9b000000ffff	; 0x10 code, 64-bit
	dq 0x00cf93000000ffff	; 0x18 data
gdt_pointer:
	dw 4 * 8 - 1
	dd 0

; Distances from here, since an absolute address would be a relocation.
stack_ref: dd boot_stack - stack_ref
tables_ref: dd boot_tables - tables_ref

bits 64
section .text
; boot_enter(root physical, rip, rsp, argument, physical base): goes to the final page tables. The load of CR3 runs
; at its physical address, which both sets of tables map.
global boot_enter
boot_enter:
	lea rax, [rel .low]
	extern image_start
	lea r9, [rel image_start]
	sub rax, r9
	add rax, r8
	jmp rax
.low:
	mov cr3, rdi
	mov rsp, rdx
	mov rdi, rcx
	xor ebp, ebp
	push 0
	jmp rsi

section .bss.page_aligned nobits alloc noexec write align=4096
global boot_tables
boot_tables: resb 8 * 4096
global boot_stack
boot_stack: resb 16384
