// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Runs on a cpu-clock perf event of each CPU: decides whether what is running there is to be
 * profiled, counts, and hands over to the unwinder by a tail call. Deciding here, and not in user
 * space, is what makes an unselected process cost one lookup instead of a whole stack walk (about
 * 45 microseconds).
 */
#include "kernel.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_endian.h>
#include "sampler.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

/* Enough for every process of a busy host; the map is preallocated because perf_event programs
 * require it before 6.1. */
#define MAX_CHOSEN_PROCESSES 16384

/* Processes that are sampled in one window, times the two or three windows that wait to be read. */
#define MAX_FATES 16384

/* Bits of a full key of the unwinder's map: 32 of the tgid, 64 of the page. Page 0 marks a known
 * process. */
#define PROCESS_KEY_BITS 96

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct sampler_settings);
} settings SEC(".maps");

/* Set of tgids; the value means nothing. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, MAX_CHOSEN_PROCESSES);
	__type(key, __u32);
	__type(value, __u8);
} chosen SEC(".maps");

/* Set of tgids that are passed over in every mode; the value means nothing. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, MAX_CHOSEN_PROCESSES);
	__type(key, __u32);
	__type(value, __u8);
} unwanted SEC(".maps");

/* Indexed by enum sampler_counter. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, SAMPLER_COUNTER_COUNT);
	__type(key, enum sampler_counter);
	__type(value, __u64);
} counters SEC(".maps");

/* Fates of ticks by process and window. User space takes out the windows that are over. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, MAX_FATES);
	__type(key, struct sampler_fate_key);
	__type(value, struct sampler_fate);
} fates SEC(".maps");

/* Entry 0: the unwinder's native_tracer_entry. */
struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, 1);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, sizeof(__u32));
} unwinder SEC(".maps");

/* The unwinder's own map pid_page_to_mapping_info, put in place of this declaration when the
 * program is loaded. */
struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(max_entries, 1);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct sampler_process_key);
	__type(value, struct sampler_process_value);
} known_processes SEC(".maps");

static __always_inline void count(enum sampler_counter counter)
{
	__u64 *value = bpf_map_lookup_elem(&counters, &counter);

	/* The map is per CPU and the program runs in the timer's interrupt: nothing can come
	 * between. */
	if (value)
		*value += 1;
}

/* Returns the entry of this process and window, or NULL. */
static __always_inline struct sampler_fate *fate_of(__u32 tgid)
{
	static const struct sampler_fate nothing;
	struct sampler_fate_key key = { .tgid = tgid };
	struct sampler_settings *current;
	struct sampler_fate *fate;
	__u32 zero = 0;

	current = bpf_map_lookup_elem(&settings, &zero);
	if (!current || current->window_ns == 0)
		return 0;
	key.window = (bpf_ktime_get_ns() + current->clock_offset_ns) / current->window_ns;
	fate = bpf_map_lookup_elem(&fates, &key);
	if (fate)
		return fate;
	/* Another CPU may be first: its entry stays. */
	bpf_map_update_elem(&fates, &key, &nothing, BPF_NOEXIST);
	fate = bpf_map_lookup_elem(&fates, &key);
	if (!fate)
		count(SAMPLER_COUNTER_FATE_LOST);
	return fate;
}

static __always_inline int is_selected(__u32 tgid)
{
	__u32 zero = 0;
	struct sampler_settings *current = bpf_map_lookup_elem(&settings, &zero);

	if (!current)
		return 0;
	switch (current->mode) {
	case SAMPLER_MODE_EVERYTHING:
		return 1;
	case SAMPLER_MODE_CHOSEN:
		return bpf_map_lookup_elem(&chosen, &tgid) != 0;
	default:
		return 0;
	}
}

/*
 * The unwinder drops the sample of a process whose mappings were not read yet, without counting it.
 * Kernel threads have no mappings and are always sent.
 */
static __always_inline int is_dropped_as_new(__u32 tgid)
{
	struct sampler_process_key key = {
		.prefix_length = PROCESS_KEY_BITS,
		.tgid = bpf_htonl(tgid),
		.page = 0,
	};
	struct task_struct *task;

	if (bpf_map_lookup_elem(&known_processes, &key))
		return 0;
	task = (struct task_struct *)bpf_get_current_task();
	return !(BPF_CORE_READ(task, flags) & PF_KTHREAD);
}

SEC("perf_event")
int sampler(void *ctx)
{
	__u32 tgid = bpf_get_current_pid_tgid() >> 32;
	struct sampler_fate *fate;

	count(SAMPLER_COUNTER_TICKS);
	/* The idle task of a CPU is the only one with tgid 0: waiting costs nothing and is never
	 * profiled. */
	if (tgid == 0) {
		count(SAMPLER_COUNTER_IDLE);
		return 0;
	}
	if (!is_selected(tgid)) {
		count(SAMPLER_COUNTER_UNSELECTED);
		return 0;
	}
	if (bpf_map_lookup_elem(&unwanted, &tgid)) {
		count(SAMPLER_COUNTER_UNWANTED);
		return 0;
	}
	count(SAMPLER_COUNTER_FIRED);
	fate = fate_of(tgid);
	/* Threads of a process run on several CPUs at once, hence atomic. */
	if (fate)
		__sync_fetch_and_add(&fate->fired, 1);
	if (is_dropped_as_new(tgid)) {
		count(SAMPLER_COUNTER_NEW_PROCESS);
		if (fate)
			__sync_fetch_and_add(&fate->new_process, 1);
	}
	/* Even then: the unwinder is what asks user space to look at the process. */
	bpf_tail_call(ctx, &unwinder, 0);
	/* Reached only when the call failed. */
	count(SAMPLER_COUNTER_TAIL_CALL_FAILED);
	if (fate)
		__sync_fetch_and_add(&fate->tail_call_failed, 1);
	return 0;
}
