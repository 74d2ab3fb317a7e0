/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The few kernel types and constants that Pyrometer's programs use, the same for all architectures,
 * in place of a dumped vmlinux.h or the system's linux/bpf.h: a build depends on clang and libbpf's
 * headers alone. Fields are relocated when a program is loaded (CO-RE), so only their names and
 * types matter here, never their offsets.
 */
#pragma once

typedef unsigned char __u8;
typedef signed char __s8;
typedef unsigned short __u16;
typedef short __s16;
typedef unsigned int __u32;
typedef int __s32;
typedef unsigned long long __u64;
typedef long long __s64;
typedef __u16 __be16;
typedef __u32 __be32;
typedef __u64 __be64;
typedef __u32 __wsum;

enum bpf_map_type {
	BPF_MAP_TYPE_HASH = 1,
	BPF_MAP_TYPE_ARRAY = 2,
	BPF_MAP_TYPE_PROG_ARRAY = 3,
	BPF_MAP_TYPE_PERCPU_ARRAY = 6,
	BPF_MAP_TYPE_LPM_TRIE = 11,
};

/* Flags of bpf_map_update_elem. */
#define BPF_NOEXIST 1

/* Flags of bpf_map_create. */
#define BPF_F_NO_PREALLOC (1U << 0)

/* include/linux/sched.h: the task is a kernel thread. */
#define PF_KTHREAD 0x00200000

struct task_struct {
	unsigned int flags;
} __attribute__((preserve_access_index));
