// What differs between machines: how to make a system call, and how to start a
// child on a stack of its own. Freestanding: no libc, no thread-local storage.
#pragma once

typedef unsigned char u8;
typedef unsigned int u32;
typedef unsigned long u64;
typedef int i32;
typedef long i64;

#if defined(__x86_64__)

enum {
  SYS_MMAP = 9, SYS_MUNMAP = 11, SYS_RT_SIGACTION = 13, SYS_RT_SIGPROCMASK = 14,
  SYS_WAIT4 = 61, SYS_KILL = 62, SYS_SETSID = 112, SYS_PRCTL = 157,
  SYS_RT_SIGTIMEDWAIT = 128, SYS_EXIT_GROUP = 231, SYS_DUP3 = 292,
  SYS_EXECVEAT = 322, SYS_READ = 0, SYS_PREAD64 = 17, SYS_WRITE = 1, SYS_GETPID = 39, SYS_GETPPID = 110, SYS_OPENAT = 257,
  SYS_CLOCK_GETTIME = 228, SYS_NANOSLEEP = 35, SYS_OPENAT2 = 437, SYS_CLOSE_RANGE = 436, SYS_CLONE3 = 435, SYS_SECCOMP = 317,
};

static inline i64 syscall6(i64 number, i64 a, i64 b, i64 c, i64 d, i64 e, i64 f) {
  i64 result;
  register i64 r10 __asm__("r10") = d;
  register i64 r8 __asm__("r8") = e;
  register i64 r9 __asm__("r9") = f;
  __asm__ volatile("syscall"
                   : "=a"(result)
                   : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
                   : "rcx", "r11", "memory");
  return result;
}

// Where struct ucontext has the signal mask that the thread gets back after a handler.
enum { CONTEXT_MASK = 296 };

// What the kernel returns through from a handler.
__asm__(".pushsection .text\nsignal_return:\n\tmov $15, %eax\n\tsyscall\n.popsection");
extern const u8 signal_return[] __attribute__((visibility("hidden")));

// clone3 into entry(argument) on the stack named in the arguments; entry never returns.
static inline i64 clone3_into(void *arguments, u64 size, void (*entry)(void *), void *argument) {
  i64 result;
  register void (*target)(void *) __asm__("r12") = entry;
  register void *first __asm__("r13") = argument;
  __asm__ volatile(
      "syscall\n\t"
      "test %%rax, %%rax\n\t"
      "jnz 1f\n\t"
      "xor %%ebp, %%ebp\n\t"
      "mov %[first], %%rdi\n\t"
      "call *%[target]\n\t"
      "hlt\n"
      "1:"
      : "=a"(result)
      : "a"((i64)SYS_CLONE3), "D"(arguments), "S"(size), [target] "r"(target), [first] "r"(first)
      : "rcx", "r11", "memory");
  return result;
}

#elif defined(__aarch64__)

enum {
  SYS_MMAP = 222, SYS_MUNMAP = 215, SYS_RT_SIGACTION = 134, SYS_RT_SIGPROCMASK = 135,
  SYS_WAIT4 = 260, SYS_KILL = 129, SYS_SETSID = 157, SYS_PRCTL = 167,
  SYS_RT_SIGTIMEDWAIT = 137, SYS_EXIT_GROUP = 94, SYS_DUP3 = 24,
  SYS_EXECVEAT = 281, SYS_READ = 63, SYS_PREAD64 = 67, SYS_WRITE = 64, SYS_GETPID = 172, SYS_GETPPID = 173, SYS_OPENAT = 56,
  SYS_CLOCK_GETTIME = 113, SYS_NANOSLEEP = 101, SYS_OPENAT2 = 437, SYS_CLOSE_RANGE = 436, SYS_CLONE3 = 435, SYS_SECCOMP = 277,
};

static inline i64 syscall6(i64 number, i64 a, i64 b, i64 c, i64 d, i64 e, i64 f) {
  register i64 x8 __asm__("x8") = number;
  register i64 x0 __asm__("x0") = a;
  register i64 x1 __asm__("x1") = b;
  register i64 x2 __asm__("x2") = c;
  register i64 x3 __asm__("x3") = d;
  register i64 x4 __asm__("x4") = e;
  register i64 x5 __asm__("x5") = f;
  __asm__ volatile("svc #0"
                   : "+r"(x0)
                   : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5)
                   : "memory");
  return x0;
}

enum { CONTEXT_MASK = 40 };

__asm__(".pushsection .text\nsignal_return:\n\tmov x8, #139\n\tsvc #0\n.popsection");
extern const u8 signal_return[] __attribute__((visibility("hidden")));

static inline i64 clone3_into(void *arguments, u64 size, void (*entry)(void *), void *argument) {
  register i64 x8 __asm__("x8") = SYS_CLONE3;
  register i64 x0 __asm__("x0") = (i64)arguments;
  register i64 x1 __asm__("x1") = (i64)size;
  register void (*target)(void *) __asm__("x20") = entry;
  register void *first __asm__("x21") = argument;
  __asm__ volatile(
      "svc #0\n\t"
      "cbnz x0, 1f\n\t"
      "mov x29, #0\n\t"
      "mov x0, %[first]\n\t"
      "blr %[target]\n\t"
      "brk #1\n"
      "1:"
      : "+r"(x0)
      : "r"(x8), "r"(x1), [target] "r"(target), [first] "r"(first)
      : "memory");
  return x0;
}

#else
#error "unsupported machine"
#endif

#define call1(n, a) syscall6(n, (i64)(a), 0, 0, 0, 0, 0)
#define call2(n, a, b) syscall6(n, (i64)(a), (i64)(b), 0, 0, 0, 0)
#define call3(n, a, b, c) syscall6(n, (i64)(a), (i64)(b), (i64)(c), 0, 0, 0)
#define call4(n, a, b, c, d) syscall6(n, (i64)(a), (i64)(b), (i64)(c), (i64)(d), 0, 0)
