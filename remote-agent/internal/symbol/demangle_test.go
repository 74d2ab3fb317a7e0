package symbol

import (
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

func TestDisplayName(t *testing.T) {
	for _, test := range []struct{ name, raw, want string }{
		{"C", "memcpy", "memcpy"},
		{"C that looks mangled", "_Zebra", "_Zebra"},
		{"Go", "main.(*kiln).fire", "main.(*kiln).fire"},
		{"C++ without its parameters", "_ZN4shop4cart5priceERKNS0_6BasketIdEE", "shop::cart::price"},
		{"C++ with its template arguments", "_ZNK4shop4cart6BasketIdE5totalEi", "shop::cart::Basket<double>::total"},
		{"C++, a part that was split off", "_ZN4shop4cart5priceERKNS0_6BasketIdEE.cold", "shop::cart::price"},
		{"C++, a lambda", "_ZZ4mainENKUlvE_clEv", "main::{lambda()#1}::operator()"},
		{"Rust, old", "_ZN4main4oven5knead17heb935cf7d5fe251fE", "main::oven::knead"},
		{"Rust, old, with escapes", "_ZN78_$LT$core..ops..range..RangeInclusive$LT$T$GT$$u20$as$u20$core..fmt..Debug$GT$3fmt17h0123456789abcdefE", "<core::ops::range::RangeInclusive<T> as core::fmt::Debug>::fmt"},
		{"Rust, v0", "_RNvNtCs1234_7mycrate3foo3bar", "mycrate::foo::bar"},
		{"broken", "_ZN4shop4ca", "_ZN4shop4ca"},
		{"too long to try", "_Z" + strings.Repeat("P", longestMangled) + "v", "_Z" + strings.Repeat("P", longestMangled) + "v"},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got, panicked := displayName(test.raw); got != test.want || panicked {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

func TestDisplayNameOfBombs(t *testing.T) {
	// Each S_ repeats all that came before: the name doubles with every step.
	bomb := "_Z1fSt4pairI1aS_E" + func() string {
		var doubling strings.Builder
		for i := range 30 {
			back := string("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"[i])
			doubling.WriteString("St4pairIS" + back + "_S" + back + "_E")
		}
		return doubling.String()
	}()
	deep := "_Z1f" + strings.Repeat("P", longestMangled-5) + "v"
	nested := "_ZN" + strings.Repeat("1aI", longestMangled/4-2) + strings.Repeat("E", 10)
	rust := "_R" + strings.Repeat("I", longestMangled/2) + "C1a" + strings.Repeat("E", 100)
	rustBackReferences := "_RINvC1a1fT" + strings.Repeat("TB9_B9_E", 200) + "EE"
	for _, raw := range []string{bomb, deep, nested, rust, rustBackReferences} {
		done := make(chan string, 1)
		go func() {
			name, _ := displayName(raw)
			done <- name
		}()
		select {
		case name := <-done:
			if len(name) > max(len(raw), 1<<longestDemangled) {
				t.Errorf("%.40s... became %d bytes", raw, len(name))
			}
		case <-time.After(20 * time.Second):
			t.Errorf("%.40s... takes too long", raw)
		}
	}
}

func TestCleanName(t *testing.T) {
	for raw, want := range map[string]string{
		"plain":            "plain",
		"größe":            "größe",
		"a\nb\x1b[31m":     "a\uFFFDb\uFFFD[31m",
		"bad\xff\xfeutf8":  "bad\uFFFDutf8",
		"turn\u202earound": "turn\uFFFDaround",
		"line\u2028end":    "line\uFFFDend",
		"del\x7f":          "del\uFFFD",
		"":                 "",
	} {
		if got := cleanName(raw); got != want || !utf8.ValidString(got) {
			t.Errorf("%q: got %q, want %q", raw, got, want)
		}
	}
}

func FuzzDisplayName(f *testing.F) {
	for _, seed := range []string{"_ZN4shop4cart5priceERKNS0_6BasketIdEE", "_RNvNtCs1234_7mycrate3foo3bar", "_ZN4main4oven5knead17heb935cf7d5fe251fE", "_GLOBAL__sub_I__ZN1aC2Ev"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		display, _ := displayName(raw)
		if cleaned := cleanName(display); !utf8.ValidString(cleaned) || len(cleaned) > max(3*len(raw), 3<<longestDemangled) {
			t.Errorf("%d bytes became %d", len(raw), len(cleaned))
		}
	})
}
