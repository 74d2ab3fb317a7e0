import { describe, expect, it } from 'vitest';
import { tolerantFile, tolerantName, withoutTypeArguments } from './tolerant-names.js';

describe('tolerant names', () => {
  it.each([
    ['alloc::vec::push::h0123456789abcdef', 'alloc::vec::push::hfedcba9876543210'],
    ['core[846b46f3a3d25a3b]::fmt::write', 'core[11d25a3b846b46f3]::fmt::write'],
    ['app::run::{closure#0}', 'app::run::{closure#3}'],
    ['work()::{lambda(int)#1}::operator()', 'work()::{lambda(int)#2}::operator()'],
    ["work()::'lambda'(int)", "work()::'lambda0'(int)"],
    ['work()::$_0::operator()', 'work()::$_12::operator()'],
    ['main.serve.func1', 'main.serve.func2'],
    ['main.serve.func1.2', 'main.serve.func3.1'],
    ['main.serve.gowrap1', 'main.serve.gowrap2'],
    ['main.init.0', 'main.init.1'],
    ['Shop$1.run', 'Shop$2.run'],
    ['Shop.lambda$buy$0', 'Shop.lambda$buy$7'],
    ['Shop$$Lambda$14/0x0000000800c8.run', 'Shop$$Lambda$92/0x0000000801f0.run'],
    ['Shop$$Lambda/0x00007f0001.run', 'Shop$$Lambda.0x00007f0a02.run'],
    ['jdk.internal.reflect.GeneratedMethodAccessor12.invoke', 'jdk.internal.reflect.GeneratedMethodAccessor9.invoke'],
    ['Program.<Main>b__0_0', 'Program.<Main>b__3_1'],
    ['Program.<>c__DisplayClass3_0.Run', 'Program.<>c__DisplayClass4_0.Run'],
    ['sort(int*)', 'sort(int*) [clone .isra.0]'],
    ['sort', 'sort.constprop.0.isra.1'],
    ['sort.llvm.1234567890', 'sort.llvm.987'],
    ['[unknown] 0x7f3a12', '[unknown] 0x55d0ff'],
    ['libfoo.so.1+0x1234', 'libfoo.so.2+0x5678'],
    ['sub_401000', 'sub_40A2F0'],
    ['00007f8a12bc', '00007f9100aa'],
    ['wasm-function[12]', 'wasm-function[31]'],
  ])('take %s for %s', (one, other) => {
    expect(tolerantName(one)).toBe(tolerantName(other));
  });

  it.each([
    ['parse_v1', 'parse_v2'],
    ['main.serve', 'main.serve.func1'],
    ['md5', 'md4'],
    ['std::vector<int>::push_back', 'std::vector<long>::push_back'],
    ['handle_404', 'handle_500'],
    ['Shop.buy', 'Shop.sell'],
    ['x86_64_start', 'x86_32_start'],
  ])('do not take %s for %s', (one, other) => {
    expect(tolerantName(one)).not.toBe(tolerantName(other));
  });
});

describe('tolerant files', () => {
  it.each([
    ['/usr/lib/libpython3.11.so.1.0', 'libpython.so'],
    ['/lib/x86_64-linux-gnu/libc-2.31.so', 'libc.so'],
    ['/lib/x86_64-linux-gnu/libc.so.6', 'libc.so'],
    ['/x/_ssl.cpython-311-x86_64-linux-gnu.so', '_ssl.so'],
    ['/x/_rust.abi3.so', '_rust.so'],
    ['/x/numpy.libs/libgfortran-040039e1.so.5.0.0', 'libgfortran.so'],
    ['/app/lib/shop-1.4.2.jar', 'shop.jar'],
    ['/usr/bin/python3.12', 'python'],
    ['/app/migrations/0002_orders.py', '0002_orders.py'],
    ['C:\\app\\v2\\main.cs', 'main.cs'],
    ['', ''],
  ])('of %s is %s', (file, expected) => {
    expect(tolerantFile(file)).toBe(expected);
  });
});

describe('names without type arguments', () => {
  it.each([
    ['std::vector<int>::push_back', 'std::vector<>::push_back'],
    ['std::map<int, std::vector<long>>::find', 'std::map<>::find'],
    ['f<std::function<int () -> int>>', 'f<>'],
    ['operator<', 'operator<'],
    ['operator<< <char>', 'operator<< <char>'],
    ['Box::operator-><int>', 'Box::operator-><>'],
    ['<alloc::vec::Vec<T> as Drop>::drop', '<alloc::vec::Vec<> as Drop>::drop'],
    ['core::ptr::drop_in_place::<u8>', 'core::ptr::drop_in_place::<>'],
    ['slices.Sort[go.shape.int]', 'slices.Sort[]'],
    ['slices.Sort[...]', 'slices.Sort[]'],
    ['cut<int', 'cut<int'],
    ['[kernel]', '[kernel]'],
    ['<module>', '<module>'],
    ['plain', 'plain'],
  ])('%s is %s', (name, expected) => {
    expect(withoutTypeArguments(name)).toBe(expected);
  });
});
