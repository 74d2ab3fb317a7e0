/** A thread that holds the interpreter lock, one that works without it, one that waits. */
export const mixedThreads = `
import hashlib, threading, time
def hold_the_lock():
    while True:
        sum(range(1000))
def hash_without_lock():
    while True:
        hashlib.pbkdf2_hmac('sha256', b'p', b's', 200000)
def wait_for_long():
    time.sleep(10000)
threading.Thread(target=hash_without_lock).start()
threading.Thread(target=wait_for_long).start()
hold_the_lock()
`;
