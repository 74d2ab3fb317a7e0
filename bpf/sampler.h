/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What sampler.bpf.c shares with Go. The Go types are generated from here by bpf2go, never written
 * by hand. */
#pragma once

/* Settings.mode: what is profiled. Zero, the value before user space wrote anything, profiles
 * nothing. */
enum sampler_mode {
	SAMPLER_MODE_NOTHING = 0,
	SAMPLER_MODE_EVERYTHING = 1,
	/* Processes whose tgid is a key of the map chosen. */
	SAMPLER_MODE_CHOSEN = 2,
};

/*
 * The fate of a tick of the clock, counted for each CPU. Every tick ends in exactly one of idle,
 * unselected, unwanted, fired; every fired one reaches the unwinder unless it is one of the two that follow:
 *   ticks = idle + unselected + unwanted + fired
 *   fired = new_process + tail_call_failed + what the unwinder sent or lost
 */
enum sampler_counter {
	SAMPLER_COUNTER_TICKS = 0,
	SAMPLER_COUNTER_IDLE = 1,
	SAMPLER_COUNTER_UNSELECTED = 2,
	SAMPLER_COUNTER_FIRED = 3,
	/* The unwinder does not know the process yet: it asks user space to look at it and sends
	 * nothing. */
	SAMPLER_COUNTER_NEW_PROCESS = 4,
	SAMPLER_COUNTER_TAIL_CALL_FAILED = 5,
	/* Fired ticks that found no room in the map fates: the balance of their window is not known. */
	SAMPLER_COUNTER_FATE_LOST = 6,
	/* On a process that would be profiled if it were not in the map unwanted. */
	SAMPLER_COUNTER_UNWANTED = 7,
	SAMPLER_COUNTER_COUNT = 8,
};

/* Whose ticks are counted: those of a process in one window of the wall clock. */
struct sampler_fate_key {
	__u64 window;
	__u32 tgid;
	__u32 reserved;
};

/* What became of them, by the names of enum sampler_counter. */
struct sampler_fate {
	__u64 fired;
	__u64 new_process;
	__u64 tail_call_failed;
};

/* Written by user space while the program runs; a reader sees old or new of
 * each aligned word. */
struct sampler_settings {
	/* Four bytes, as enums are in BPF. */
	enum sampler_mode mode;
	__u32 reserved;
	/* Length of a window in nanoseconds; 0: fates are not kept. */
	__u64 window_ns;
	/* Wall clock minus CLOCK_MONOTONIC. Read apart from the others: a step of the clock blurs one window. */
	__u64 clock_offset_ns;
};

/* Key of the unwinder's pid_page_to_mapping_info (struct PIDPage of its types.h); big endian as a
 * prefix trie needs. */
struct sampler_process_key {
	__u32 prefix_length;
	__be32 tgid;
	__be64 page;
};

/* Value of the same map (struct PIDPageMappingInfo); only its presence is looked at. */
struct sampler_process_value {
	__u64 file_id;
	__u64 bias_and_unwind_program;
};
