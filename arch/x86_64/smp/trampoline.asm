; Where a further CPU starts (Intel SDM 3A 8.4.4): real mode, at the page that the STARTUP interrupt named. bring_up.c
; copies the code there and fills in the parameters; the code finds itself by CS. It goes from real mode straight to
; long mode, on tables that map the first 4 GiB one to one besides the kernel.

CR4_PAE equ 1 << 5
MSR_EFER equ 0xc0000080
EFER_LME_NXE equ 1 << 8 | 1 << 11
CR0_VALUE equ 1 << 31 | 1 << 16 | 1 << 5 | 1 << 4 | 1 << 1 | 1	; PG WP NE ET MP PE; caches on

section .rodata
global trampoline_start, trampoline_end, trampoline_parameters
bits 16
align 16
trampoline_start:
	cli
	cld
	mov ax, cs
	mov ds, ax
	movzx ebx, ax
	shl ebx, 4
	lea eax, [ebx + gdt - trampoline_start]
	mov [gdt_pointer - trampoline_start + 2], eax
	lea eax, [ebx + long_mode - trampoline_start]
	mov [far_target - trampoline_start], eax
	mov eax, CR4_PAE
	mov cr4, eax
	mov eax, [parameter_root - trampoline_start]
	mov cr3, eax
	mov ecx, MSR_EFER
	rdmsr
	or eax, EFER_LME_NXE
	wrmsr
	o32 lgdt [gdt_pointer - trampoline_start]
	mov eax, CR0_VALUE
	mov cr0, eax
	jmp far dword [far_target - trampoline_start]

bits 64
long_mode:
	mov eax, 0x10
	mov ds, eax
	mov es, eax
	mov ss, eax
	mov rsp, [rel parameter_stack]
	mov edi, [rel parameter_cpu]
	xor ebp, ebp
	push 0
	jmp [rel parameter_entry]

align 8
gdt:
	dq 0
	dq 0x00af9b000000ffff
	dq 0x00cf93000000ffff
gdt_pointer:
	dw 3 * 8 - 1
	dd 0
align 4
far_target:
	dd 0
	dw 0x08
align 8
trampoline_parameters:			; struct trampoline_parameters of bring_up.c
parameter_root: dq 0
parameter_stack: dq 0
parameter_entry: dq 0
parameter_cpu: dq 0
trampoline_end:
