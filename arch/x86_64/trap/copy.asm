; Bulk access to user memory. Both ends were range-checked; either may fault. All return in rax how
; many bytes were not done, exact to the byte: a block that faults is tried again byte by byte.
%include "arch_x86/macros.inc"

bits 64
section .text progbits alloc exec nowrite align=16

REP_MIN equ 512			; below this a REP costs more to start than it saves

; size_t user_copy(void *to, const void *from, size_t n)
global user_copy
user_copy:
	STAC
	mov	rcx, rdx
	cmp	rdx, REP_MIN
	jb	.blocks
	; Fast strings of words serve every CPU (SDM 1 7.3.9.3); of bytes, for what is not aligned or
	; no whole number of words, those that report ERMS (Optimization Manual 3.7.6).
	mov	eax, edi
	or	eax, esi
	or	eax, edx
	test	al, 7
	jnz	.unaligned
	shr	rcx, 3
.quads:
	rep movsq
	xor	eax, eax
	CLAC
	ret
	EXTABLE .quads, .quad_fault
.quad_fault:
	shl	rcx, 3
	jmp	.bytes
.unaligned:
	ALT_RECORD .choice, ALT_ERMS, 2, 0x66, 0x90
.choice:
	jmp	short .blocks
.bytes:
	rep movsb
.done:
	mov	rax, rcx
	CLAC
	ret
	EXTABLE .bytes, .done

.blocks:
	sub	rcx, 64
	jb	.words
.load0:	mov	rax, [rsi]
.load1:	mov	rdx, [rsi + 8]
.load2:	mov	r8, [rsi + 16]
.load3:	mov	r9, [rsi + 24]
.store0: mov	[rdi], rax
.store1: mov	[rdi + 8], rdx
.store2: mov	[rdi + 16], r8
.store3: mov	[rdi + 24], r9
.load4:	mov	rax, [rsi + 32]
.load5:	mov	rdx, [rsi + 40]
.load6:	mov	r8, [rsi + 48]
.load7:	mov	r9, [rsi + 56]
.store4: mov	[rdi + 32], rax
.store5: mov	[rdi + 40], rdx
.store6: mov	[rdi + 48], r8
.store7: mov	[rdi + 56], r9
	add	rsi, 64
	add	rdi, 64
	jmp	.blocks
%assign i 0
%rep 8
	EXTABLE .load %+ i, .block_fault
	EXTABLE .store %+ i, .block_fault
  %assign i i + 1
%endrep

.words:
	add	rcx, 64 - 8
	jl	.tail
.load_word:
	mov	rax, [rsi]
.store_word:
	mov	[rdi], rax
	add	rsi, 8
	add	rdi, 8
	sub	rcx, 8
	jge	.load_word
.tail:
	add	rcx, 8
	jz	.done
.tail_byte:
	mov	al, [rsi]
.tail_store:
	mov	[rdi], al
	inc	rsi
	inc	rdi
	dec	rcx
	jnz	.tail_byte
	jmp	.done
	EXTABLE .load_word, .word_fault
	EXTABLE .store_word, .word_fault
	EXTABLE .tail_byte, .done
	EXTABLE .tail_store, .done

.block_fault:
	add	rcx, 64
	jmp	.bytes
.word_fault:
	add	rcx, 8
	jmp	.bytes

; size_t user_clear(void *to, size_t n)
global user_clear
user_clear:
	STAC
	xor	eax, eax
	mov	rcx, rsi
	shr	rcx, 3
	and	esi, 7
.words:
	rep stosq
	mov	ecx, esi
.bytes:
	rep stosb
.done:
	mov	rax, rcx
	CLAC
	ret
.word_fault:
	lea	rcx, [rsi + rcx * 8]
	jmp	.bytes
	EXTABLE .words, .word_fault
	EXTABLE .bytes, .done
