; Every way into the kernel and out of it.
;
; Entries build one trap_frame_t (arch_x86/thread_types.h). From user mode it lies at the very top
; of the thread's kernel stack; from kernel mode wherever the stack is. The frame ends at a 16-byte
; boundary and is 168 bytes long, hence the 8 bytes of padding before each C call.
;
;	syscall_entry	SYSCALL: calls the handler with the argument registers in place; leaves by SYSRET
;	vector_stubs	256 stubs of 4 bytes that push their number and share the rest
;	entry_paranoid	#DB, NMI, #DF, #MC, on their own stacks: they may strike where GS is not yet the kernel's
;
; GS: the kernel's base is the CPU's per-CPU offset. Ordinary entries know from the saved CS whether
; to swap, since interrupts are off wherever the two disagree and nothing there faults but IRETQ, for a
; segment of the program's (entry_segment): trap_exit_work lets no other frame through that it or SYSRET
; would refuse. Paranoid entries that interrupted the kernel load the base anew, found through a segment
; limit, and put back what was there.
;
; Interrupts are off from entry until C enables them, and from the last look at the thread's flags
; to user mode.
;
; Page table isolation (mmu/pti.c). User page tables show .text.entry, the IDT and the CPU's entry
; area. With isolation SYSCALL enters at syscall_entry_pti; interrupts and exceptions from user mode
; arrive on the entry area's stack, from where frame_to_thread_stack takes them; both ways back are
; patched into jumps to where the user's root is loaded. Without, none of this runs.
%include "asm_offsets.inc"
%include "arch_x86/macros.inc"

bits 64

extern code_check
extern current_thread
extern entry_area
extern kernel_stack_top
extern percpu_offset
extern syscall_counts
extern syscall_table
extern thread_start_hook
extern trap_exception
extern trap_exit_work
extern trap_interrupt
extern user_cr3
extern user_cr3_next
extern trap_syscall_exit_work
extern trap_syscall_traced
%ifdef CONFIG_DEBUG
extern trap_syscall_check
%endif

RFLAGS_TF equ 0x100
USER_ADDRESS_BITS equ 47
PAD equ 8

%macro PUSH_FROM_RCX 0
	push	rcx
	push	rax
	push	r8
	push	r9
	push	r10
	push	r11
	push	rbx
	push	rbp
	push	r12
	push	r13
	push	r14
	push	r15
%endmacro

%macro POP_BUT_RDI 0
	pop	r15
	pop	r14
	pop	r13
	pop	r12
	pop	rbp
	pop	rbx
	pop	r11
	pop	r10
	pop	r9
	pop	r8
	pop	rax
	pop	rcx
	pop	rdx
	pop	rsi
%endmacro

%macro POP_ALL 0	; and steps over orig_rax
	POP_BUT_RDI
	pop	rdi
	add	rsp, 8
%endmacro

section .text.entry progbits alloc exec nowrite align=64

; RCX holds the return address, R11 the flags (Intel SDM 2B, SYSCALL); the mask MSR cleared IF, DF,
; TF and AC.
global syscall_entry
syscall_entry:
	swapgs
	mov	[gs:rel entry_area + ENTRY_USER_SP], rsp
.kernel_root:
	mov	rsp, [gs:rel kernel_stack_top]
	push	SEL_USER_DS
	push	qword [gs:rel entry_area + ENTRY_USER_SP]
	push	r11
	push	SEL_USER_CS
	push	rcx
	push	rax
	push	rdi
	push	rsi
	push	rdx
	push	rcx
	push	-ENOSYS
	push	r8
	push	r9
	push	r10
	push	r11
	push	rbx
	push	rbp
	push	r12
	push	r13
	push	r14
	push	r15
	sub	rsp, PAD
	sti
	mov	r11, [gs:rel current_thread]
	test	dword [r11 + THREAD_FLAGS], TF_TRACE | TF_MEASURE | TF_DISPATCH
	jnz	.traced
	mov	eax, eax		; the number is 32 bits wide, as on Linux
	cmp	eax, SYSCALL_TABLE_SIZE
	jae	.no_such_call
	lea	r11, [rel syscall_counts]
	inc	qword [gs:r11 + rax * 8]
	lea	r11, [rel syscall_table]
	mov	rcx, r10
	call	[r11 + rax * 8]
.called:
%ifdef CONFIG_DEBUG
	push	rax
	sub	rsp, PAD
	lea	rdi, [rsp + 16 + PAD]
	mov	rsi, rax
	call	trap_syscall_check
	add	rsp, PAD
	pop	rax
%endif
	cli
	mov	r11, [gs:rel current_thread]
	test	dword [r11 + THREAD_FLAGS], TF_WORK_MASK | TF_TRACE
	jnz	.work
; The C calls kept RBX, RBP and R12-R15, and nobody changed the frame.
.fast_return:
	mov	rcx, [rsp + PAD + FRAME_RIP]
	mov	r11, [rsp + PAD + FRAME_RFLAGS]
	bt	rcx, USER_ADDRESS_BITS	; SYSRET to a non-canonical address faults in kernel mode on Intel
	jc	.iret
	test	r11d, RFLAGS_TF		; with TF set SYSRET would trap before the next instruction
	jnz	.iret
	mov	rdi, [rsp + PAD + FRAME_RDI]
	mov	rsi, [rsp + PAD + FRAME_RSI]
	mov	rdx, [rsp + PAD + FRAME_RDX]
	mov	r10, [rsp + PAD + FRAME_R10]
	mov	r9, [rsp + PAD + FRAME_R9]
	mov	r8, [rsp + PAD + FRAME_R8]
	mov	rsp, [rsp + PAD + FRAME_RSP]
.leave:
	swapgs
	o64 sysret
	PTI_JUMP .leave, sysret_pti

.no_such_call:
	mov	rax, -ENOSYS
	jmp	.called

.traced:
	lea	rdi, [rsp + PAD]
	call	trap_syscall_traced
	jmp	.called

.work:
	lea	rdi, [rsp + PAD]
	mov	[rdi + FRAME_RAX], rax
	call	trap_syscall_exit_work
	test	al, al
	mov	rax, [rsp + PAD + FRAME_RAX]
	jz	.fast_return
.iret:
	mov	[rsp + PAD + FRAME_RAX], rax
	add	rsp, PAD
	jmp	restore_user

global syscall_entry_pti
syscall_entry_pti:
	swapgs
	mov	[gs:rel entry_area + ENTRY_USER_SP], rsp
	KERNEL_ROOT rsp
	jmp	syscall_entry.kernel_root

; All registers are the program's; the stack is, too.
sysret_pti:
	mov	[gs:rel entry_area + ENTRY_USER_RAX], rax
	mov	[gs:rel entry_area + ENTRY_USER_RDI], rdi
	USER_ROOT
	mov	rax, [gs:rel entry_area + ENTRY_USER_RAX]
	mov	rdi, [gs:rel entry_area + ENTRY_USER_RDI]
	swapgs
	o64 sysret

; SYSCALL in compatibility mode, where AMD's CPUs have it: there are no 32-bit system calls. Nothing
; is touched but registers; the stack, GS and the page tables are still the program's.
global syscall_entry_compat
syscall_entry_compat:
	mov	eax, -ENOSYS
	o32 sysret

; Stubs: vector v at vector_stubs + v / 32 * 136 + v % 32 * 4 (trap_init computes the same). Each
; pushes its number, sign-extended, and takes a short jump: to the end of its group, or to what
; stands before the table. Of the vectors with an error code, 29 and 30 belong to virtualisation
; features that are never switched on.
stub_error:
	jmp	near entry_error
stub_segment:
	jmp	near entry_segment
stub_error_paranoid:
	pop	qword [rsp]		; the number replaces #DF's error code, which is always 0
stub_paranoid:
	jmp	near entry_paranoid
	align	8
global vector_stubs
vector_stubs:
%assign vector 0
%rep 8
  %assign group vector / 32
  %rep 32
	push	strict byte (vector & 0xff) - ((vector & 0x80) << 1)
    %if vector = 8
	jmp	short stub_error_paranoid
    %elif vector = 1 || vector = 2 || vector = 18
	jmp	short stub_paranoid
    %elif vector >= 11 && vector <= 13
	jmp	short stub_segment
    %elif vector = 10 || vector = 14 || vector = 17 || vector = 21
	jmp	short stub_error
    %else
	jmp	short stub_group_ %+ group
    %endif
    %assign vector vector + 1
  %endrep
stub_group_ %+ group:
	jmp	near entry_plain
	align	8
%endrep

swapgs_pti:
	swapgs
	jmp	frame_to_thread_stack

; [rsp] = vector, in orig_rax's place
entry_plain:
	push	rdi
	push	rsi
	movzx	esi, byte [rsp + 16]
	push	rdx
	xor	edx, edx
	jmp	entry_save

; [rsp] = vector, [rsp + 8] = error code, in orig_rax's place
entry_error:
	push	rsi
	movzx	esi, byte [rsp + 8]
	mov	[rsp + 8], rdi
	push	rdx
	mov	edx, [rsp + 24]
entry_save:
	mov	qword [rsp + 24], -1
	PUSH_FROM_RCX
	cld
	CLAC
	test	byte [rsp + FRAME_CS], 3
	jz	call_handler
from_user:
	swapgs				; or, with isolation, a short jump
	ALT_RECORD from_user, ALT_PTI, 3, 0xeb, swapgs_pti - (from_user + 2), 0x90
call_handler:
	mov	rdi, rsp
	sub	rsp, PAD
	cmp	esi, 32
	jae	.interrupt
	call	trap_exception
	jmp	.return
.interrupt:
	call	trap_interrupt
.return:
	add	rsp, PAD
	cli
	test	byte [rsp + FRAME_CS], 3
	jz	restore_kernel

; rsp: a user frame at the top of the thread's stack; interrupts off
return_to_user:
	mov	rcx, [gs:rel current_thread]
	test	dword [rcx + THREAD_FLAGS], TF_WORK_MASK
	jz	restore_user
	mov	rdi, rsp
	sub	rsp, PAD
	call	trap_exit_work
	add	rsp, PAD
restore_user:
	swapgs				; with the first POP five bytes, where a jump fits
	POP_ALL
.iret:
	iretq
	PTI_JUMP restore_user, restore_user_pti

restore_kernel:
	POP_ALL
	iretq

; The CPU's frame and what the switch needs move to the stack that both roots map.
restore_user_pti:
	POP_BUT_RDI
	lea	rdi, [rsp - FRAME_RDI]
	mov	rsp, [gs:rel entry_area + ENTRY_RSP0]
	push	qword [rdi + FRAME_SS]
	push	qword [rdi + FRAME_RSP]
	push	qword [rdi + FRAME_RFLAGS]
	push	qword [rdi + FRAME_CS]
	push	qword [rdi + FRAME_RIP]
	push	qword [rdi + FRAME_RDI]
	push	rax
	USER_ROOT
	pop	rax
	pop	rdi
	swapgs
.iret:
	iretq

; #NP, #SS and #GP: [rsp] = vector, [rsp + 8] = error code. Where IRETQ itself found a segment of the program's bad,
; registers, GS and page tables are the program's already: the exception becomes one of the
; program, at the frame that it was to return to.
entry_segment:
	push	rax
	test	byte [rsp + 32], 3
	jnz	.plain
	lea	rax, [rel restore_user.iret]
	cmp	[rsp + 24], rax
	je	.iret
	lea	rax, [rel restore_user_pti.iret]
	cmp	[rsp + 24], rax
	je	.iret
.plain:
	pop	rax
	jmp	entry_error
.iret:
	swapgs
	mov	[gs:rel entry_area + ENTRY_USER_RDI], rdi
	pop	qword [gs:rel entry_area + ENTRY_USER_RAX]
	mov	rdi, [rsp]
	mov	rax, [rsp + 8]
	mov	rsp, [rsp + 40]
	push	rax
	push	rdi
	mov	rax, [gs:rel entry_area + ENTRY_USER_RAX]
	mov	rdi, [gs:rel entry_area + ENTRY_USER_RDI]
	swapgs
	jmp	entry_error

entry_paranoid:
	push	rdi
	push	rsi
	movzx	esi, byte [rsp + 16]
	push	rdx
	mov	qword [rsp + 24], -1
	PUSH_FROM_RCX
	cld
	CLAC
	test	byte [rsp + FRAME_CS], 3
	jnz	.from_user
	UNLESS_PTI .kernel_root
	mov	r14, cr3		; it may have struck on the way in or out
	bt	r14, PTI_USER_ROOT_BIT
	jnc	.kernel_root
	KERNEL_ROOT rax
.kernel_root:
	mov	ecx, MSR_GS_BASE
	rdmsr
	mov	r12d, eax
	mov	r13d, edx
	mov	eax, SEL_CPU_NODE
	lsl	eax, eax
	and	eax, 0xfff
	lea	rdx, [rel percpu_offset]
	mov	rax, [rdx + rax * 8]
	mov	rdx, rax
	shr	rdx, 32
	wrmsr
	mov	rdi, rsp
	sub	rsp, PAD
	xor	edx, edx
	call	trap_exception
	add	rsp, PAD
	mov	ecx, MSR_GS_BASE
	mov	eax, r12d
	mov	edx, r13d
	wrmsr
	UNLESS_PTI restore_kernel
	bt	r14, PTI_USER_ROOT_BIT
	jnc	restore_kernel
	mov	cr3, r14
	jmp	restore_kernel
.from_user:
	swapgs
	xor	edx, edx

; A frame from user mode, on a stack that the next trap overwrites: signals and rescheduling must not happen there.
; rsi: vector; rdx: error code.
frame_to_thread_stack:
	UNLESS_PTI .switched
	KERNEL_ROOT rax
.switched:
	mov	eax, esi
	mov	rsi, rsp
	mov	rsp, [gs:rel kernel_stack_top]
	sub	rsp, FRAME_SIZE
	mov	rdi, rsp
	mov	ecx, FRAME_SIZE / 8
	rep movsq
	mov	esi, eax
	jmp	call_handler

section .text progbits alloc exec nowrite align=16

; struct thread *switch_stack(struct thread *prev, struct thread *next): returns in next with prev.
global switch_stack
switch_stack:
	push	rbp
	push	rbx
	push	r12
	push	r13
	push	r14
	push	r15
	mov	[rdi + THREAD_SP], rsp
	mov	rsp, [rsi + THREAD_SP]
	pop	r15
	pop	r14
	pop	r13
	pop	r12
	pop	rbx
	pop	rbp
	mov	rax, rdi
	ret

; A new kernel thread's first instruction: rax = prev, rbx = function, r12 = its argument, r13 = its hash.
global thread_entry_kernel
thread_entry_kernel:
	mov	rdi, rax
	call	thread_start_hook
	mov	rdi, rbx
	mov	rsi, r13
	call	code_check
	mov	rdi, r12
	call	rbx
	ud2				; a thread function does not return

; A new user thread's: rsp = its frame.
global thread_entry_user
thread_entry_user:
	mov	rdi, rax
	sub	rsp, PAD
	call	thread_start_hook
	add	rsp, PAD
	cli
	jmp	return_to_user

; void arch_return_to_user(trap_frame_t *frame)
global arch_return_to_user
arch_return_to_user:
	cli
	mov	rsp, rdi
	jmp	return_to_user
