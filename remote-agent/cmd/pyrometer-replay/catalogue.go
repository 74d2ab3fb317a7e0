package main

const (
	gunicorn = "<module>@/usr/local/bin/gunicorn:8; run@/usr/local/lib/python3.12/site-packages/gunicorn/app/wsgiapp.py:66; " +
		"run@/usr/local/lib/python3.12/site-packages/gunicorn/arbiter.py:202; " +
		"spawn_worker@/usr/local/lib/python3.12/site-packages/gunicorn/arbiter.py:608; " +
		"init_process@/usr/local/lib/python3.12/site-packages/gunicorn/workers/base.py:142; " +
		"run@/usr/local/lib/python3.12/site-packages/gunicorn/workers/sync.py:126; " +
		"handle_request@/usr/local/lib/python3.12/site-packages/gunicorn/workers/sync.py:178; " +
		"__call__@/usr/local/lib/python3.12/site-packages/django/core/handlers/wsgi.py:124; " +
		"get_response@/usr/local/lib/python3.12/site-packages/django/core/handlers/base.py:140; " +
		"inner@/usr/local/lib/python3.12/site-packages/django/core/handlers/exception.py:55"
	celery = "<module>@/usr/local/bin/celery:8; main@/usr/local/lib/python3.12/site-packages/celery/bin/celery.py:231; " +
		"start@/usr/local/lib/python3.12/site-packages/celery/worker/worker.py:203; " +
		"on_start@/usr/local/lib/python3.12/site-packages/billiard/pool.py:1071; " +
		"workloop@/usr/local/lib/python3.12/site-packages/billiard/pool.py:362; " +
		"fast_trace_task@/usr/local/lib/python3.12/site-packages/celery/app/trace.py:651; " +
		"trace_task@/usr/local/lib/python3.12/site-packages/celery/app/trace.py:453"
	beat = "<module>@/usr/local/bin/celery:8; main@/usr/local/lib/python3.12/site-packages/celery/bin/beat.py:72; " +
		"start@/usr/local/lib/python3.12/site-packages/celery/beat.py:643"
	postgres = "_start!/usr/lib/postgresql/16/bin/postgres; main!/usr/lib/postgresql/16/bin/postgres; " +
		"PostmasterMain!/usr/lib/postgresql/16/bin/postgres; ServerLoop!/usr/lib/postgresql/16/bin/postgres; " +
		"BackendRun!/usr/lib/postgresql/16/bin/postgres; PostgresMain!/usr/lib/postgresql/16/bin/postgres"

	orders   = "order_list@/app/revel/orders/views.py:41; "
	sqlQuery = "__iter__@/usr/local/lib/python3.12/site-packages/django/db/models/query.py:400; " +
		"_fetch_all@/usr/local/lib/python3.12/site-packages/django/db/models/query.py:1928; " +
		"execute_sql@/usr/local/lib/python3.12/site-packages/django/db/models/sql/compiler.py:1574; " +
		"execute@/usr/local/lib/python3.12/site-packages/django/db/backends/utils.py:122; "
	libpq      = "PQexec!/usr/lib/x86_64-linux-gnu/libpq.so.5; "
	libcSend   = "__send!/usr/lib/x86_64-linux-gnu/libc.so.6; [entry_SYSCALL_64_after_hwframe]; [do_syscall_64]; [__sys_sendto]; "
	libcPoll   = "__poll!/usr/lib/x86_64-linux-gnu/libc.so.6; [entry_SYSCALL_64_after_hwframe]; [do_syscall_64]; [do_sys_poll]; "
	customer   = "serialize_order@/app/revel/orders/serializers.py:57; customer_name@/app/revel/orders/models.py:88; "
	interprete = "_PyEval_EvalFrameDefault!/usr/local/lib/libpython3.12.so.1.0"
)

// services use about 1.6 of 4 cores before the change, 2.1 after it.
var services = []*service{
	{
		name: "revel_web", image: "revel/web:2026.11", compose: "web", runtime: "python", thread: "gunicorn",
		firstPID: 2101, processes: 4, deployed: true, trunk: gunicorn,
		branches: `
0.060 ` + orders + sqlQuery + libpq + libcSend + `[tcp_sendmsg]
0.050>0.070 ` + orders + sqlQuery + libpq + libcPoll + `[schedule_timeout]
0.045 ` + orders + sqlQuery + interprete + `
0.040 ` + orders + `serialize_order@/app/revel/orders/serializers.py:31; to_representation@/usr/local/lib/python3.12/site-packages/rest_framework/serializers.py:527; ` + interprete + `
0.015>0.170 ` + orders + customer + sqlQuery + libpq + libcSend + `[tcp_sendmsg]
0.012>0.120 ` + orders + customer + sqlQuery + `execute@/usr/local/lib/python3.12/site-packages/psycopg/cursor.py:93; ` + libpq + libcPoll + `[schedule_timeout]
0.008>0.060 ` + orders + customer + sqlQuery + interprete + `
0.030 ` + orders + `dumps@/usr/local/lib/python3.12/json/__init__.py:231; encode@/usr/local/lib/python3.12/json/encoder.py:200; c_make_encoder!/usr/local/lib/python3.12/lib-dynload/_json.cpython-312-x86_64-linux-gnu.so
0.055 login@/app/revel/accounts/views.py:22; check_password@/usr/local/lib/python3.12/site-packages/django/contrib/auth/hashers.py:88; pbkdf2@/usr/local/lib/python3.12/site-packages/django/utils/crypto.py:75; pbkdf2_hmac!/usr/local/lib/python3.12/lib-dynload/_hashlib.cpython-312-x86_64-linux-gnu.so; PKCS5_PBKDF2_HMAC!/usr/lib/x86_64-linux-gnu/libcrypto.so.3; 0x1a52c0!/usr/lib/x86_64-linux-gnu/libcrypto.so.3
0.028 search@/app/revel/catalogue/views.py:64; rank@/app/revel/catalogue/search.py:118; _tokenize@/app/revel/catalogue/search.py:35; ` + interprete + `
0.022 search@/app/revel/catalogue/views.py:64; rank@/app/revel/catalogue/search.py:124; sorted!/usr/local/lib/libpython3.12.so.1.0; __memmove_avx_unaligned_erms!/usr/lib/x86_64-linux-gnu/libc.so.6
0.018 render@/usr/local/lib/python3.12/site-packages/django/shortcuts.py:25; render@/usr/local/lib/python3.12/site-packages/django/template/base.py:175; render_annotated@/usr/local/lib/python3.12/site-packages/django/template/base.py:966; resolve@/usr/local/lib/python3.12/site-packages/django/template/base.py:715; ` + interprete + `
0.010 process_request@/usr/local/lib/python3.12/site-packages/django/contrib/sessions/middleware.py:22; _get_session@/usr/local/lib/python3.12/site-packages/django/contrib/sessions/backends/base.py:259; malloc!/usr/lib/x86_64-linux-gnu/libc.so.6
0.006 gc_collect_main!/usr/local/lib/libpython3.12.so.1.0; visit_decref!/usr/local/lib/libpython3.12.so.1.0
`,
	},
	{
		name: "revel_celery_default", image: "revel/worker:2026.11", compose: "celery_default", runtime: "python",
		thread: "celery", firstPID: 2250, processes: 3, trunk: celery,
		branches: `
0.180 build_thumbnails@/app/revel/media/tasks.py:48; resize@/app/revel/media/images.py:29; resize@/usr/local/lib/python3.12/site-packages/PIL/Image.py:2328; ImagingResample!/usr/local/lib/python3.12/site-packages/PIL/_imaging.cpython-312-x86_64-linux-gnu.so; 0x4f3a0!/usr/local/lib/python3.12/site-packages/PIL/_imaging.cpython-312-x86_64-linux-gnu.so
0.090 build_thumbnails@/app/revel/media/tasks.py:52; save@/usr/local/lib/python3.12/site-packages/PIL/Image.py:2568; _encode_tile@/usr/local/lib/python3.12/site-packages/PIL/ImageFile.py:554; jpeg_write_scanlines!/usr/lib/x86_64-linux-gnu/libjpeg.so.62; 0x21c40!/usr/lib/x86_64-linux-gnu/libjpeg.so.62
0.070 price_import@/app/revel/catalogue/tasks.py:101; parse_rows@/app/revel/catalogue/importer.py:66; __next__@/usr/local/lib/python3.12/csv.py:116; Reader_iternext!/usr/local/lib/python3.12/lib-dynload/_csv.cpython-312-x86_64-linux-gnu.so
0.050 price_import@/app/revel/catalogue/tasks.py:109; bulk_create@/usr/local/lib/python3.12/site-packages/django/db/models/query.py:808; ` + libpq + libcSend + `[tcp_sendmsg]
0.040 sign_export@/app/revel/orders/tasks.py:73; update!/usr/local/lib/python3.12/lib-dynload/_hashlib.cpython-312-x86_64-linux-gnu.so; EVP_DigestUpdate!/usr/lib/x86_64-linux-gnu/libcrypto.so.3; 0x1c8f40!/usr/lib/x86_64-linux-gnu/libcrypto.so.3
0.012 on_task_call@/usr/local/lib/python3.12/site-packages/kombu/transport/redis.py:921; ` + libcPoll + `[ep_poll]
`,
	},
	{
		name: "revel_beat", image: "revel/worker:2026.11", compose: "beat", runtime: "python", thread: "celery",
		firstPID: 2301, processes: 1, trunk: beat,
		branches: `
0.004 tick@/usr/local/lib/python3.12/site-packages/celery/beat.py:330; is_due@/usr/local/lib/python3.12/site-packages/celery/schedules.py:152; remaining_estimate@/usr/local/lib/python3.12/site-packages/celery/schedules.py:142; ` + interprete + `
0.002 tick@/usr/local/lib/python3.12/site-packages/celery/beat.py:338; apply_async@/usr/local/lib/python3.12/site-packages/celery/beat.py:409; ` + libcSend + `[unix_stream_sendmsg]
0.002 clock_nanosleep!/usr/lib/x86_64-linux-gnu/libc.so.6; [entry_SYSCALL_64_after_hwframe]; [do_syscall_64]; [do_nanosleep]
`,
	},
	{
		name: "postgres", image: "postgres:16", compose: "db", runtime: "native", thread: "postgres",
		firstPID: 1988, processes: 6, trunk: postgres,
		branches: `
0.110>0.180 exec_simple_query!/usr/lib/postgresql/16/bin/postgres; PortalRun!/usr/lib/postgresql/16/bin/postgres; standard_ExecutorRun!/usr/lib/postgresql/16/bin/postgres; IndexNext!/usr/lib/postgresql/16/bin/postgres; _bt_search!/usr/lib/postgresql/16/bin/postgres
0.070>0.110 exec_simple_query!/usr/lib/postgresql/16/bin/postgres; pg_plan_query!/usr/lib/postgresql/16/bin/postgres; standard_planner!/usr/lib/postgresql/16/bin/postgres; make_one_rel!/usr/lib/postgresql/16/bin/postgres
0.050>0.090 exec_simple_query!/usr/lib/postgresql/16/bin/postgres; raw_parser!/usr/lib/postgresql/16/bin/postgres; base_yyparse!/usr/lib/postgresql/16/bin/postgres
0.060 exec_simple_query!/usr/lib/postgresql/16/bin/postgres; PortalRun!/usr/lib/postgresql/16/bin/postgres; standard_ExecutorRun!/usr/lib/postgresql/16/bin/postgres; ExecHashJoin!/usr/lib/postgresql/16/bin/postgres; __memcpy_avx_unaligned_erms!/usr/lib/x86_64-linux-gnu/libc.so.6
0.030 exec_simple_query!/usr/lib/postgresql/16/bin/postgres; finish_xact_command!/usr/lib/postgresql/16/bin/postgres; XLogFlush!/usr/lib/postgresql/16/bin/postgres; fdatasync!/usr/lib/x86_64-linux-gnu/libc.so.6; [entry_SYSCALL_64_after_hwframe]; [do_syscall_64]; [ext4_sync_file]; [jbd2_log_wait_commit]
0.025>0.040 secure_read!/usr/lib/postgresql/16/bin/postgres; __recv!/usr/lib/x86_64-linux-gnu/libc.so.6; [entry_SYSCALL_64_after_hwframe]; [do_syscall_64]; [tcp_recvmsg]
`,
	},
}
