/**
 * Tails and quantiles of Student's t and the binomial, both by the regularized incomplete beta function. Relative error
 * below 1e-9 where a comparison asks: degrees of freedom of at least 1, tails down to 1e-12.
 */

/** The natural logarithm of the gamma function for x > 0: Lanczos' approximation, g = 7, n = 9. */
export function lnGamma(x: number): number {
  if (x < 0.5) return Math.log(Math.PI / Math.sin(Math.PI * x)) - lnGamma(1 - x);
  let sum = 0.99999999999980993;
  for (let i = 0; i < lanczos.length; i++) sum += (lanczos[i] ?? 0) / (x + i);
  const t = x + 6.5;
  return 0.5 * Math.log(2 * Math.PI) + (x - 0.5) * Math.log(t) - t + Math.log(sum);
}

const lanczos = [
  676.5203681218851, -1259.1392167224028, 771.32342877765313, -176.61502916214059, 12.507343278686905,
  -0.13857109526572012, 9.9843695780195716e-6, 1.5056327351493116e-7,
] as const;

/** I_x(a, b), the regularized incomplete beta function, by Lentz' evaluation of its continued fraction (DLMF 8.17.22). */
export function incompleteBeta(x: number, a: number, b: number): number {
  if (x <= 0) return 0;
  if (x >= 1) return 1;
  const front = Math.exp(lnGamma(a + b) - lnGamma(a) - lnGamma(b) + a * Math.log(x) + b * Math.log1p(-x));
  // The fraction converges fast on this side of the mean only.
  if (x > (a + 1) / (a + b + 2)) return 1 - (front * betaFraction(1 - x, b, a)) / b;
  return (front * betaFraction(x, a, b)) / a;
}

function betaFraction(x: number, a: number, b: number): number {
  const tiny = 1e-300;
  const away = (value: number): number => (Math.abs(value) < tiny ? tiny : value);
  let c = 1;
  let d = 1 / away(1 - ((a + b) * x) / (a + 1));
  let fraction = d;
  // The number of terms grows with the root of the larger parameter.
  const most = 200 + 8 * Math.sqrt(Math.max(a, b));
  for (let m = 1; m <= most; m++) {
    const even = (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m));
    d = 1 / away(1 + even * d);
    c = away(1 + even / c);
    fraction *= d * c;
    const odd = (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1));
    d = 1 / away(1 + odd * d);
    c = away(1 + odd / c);
    const factor = d * c;
    fraction *= factor;
    if (Math.abs(factor - 1) < 1e-13) break;
  }
  return fraction;
}

/** P(|T| >= t) for Student's t. */
export function studentTwoSided(t: number, degrees: number): number {
  return incompleteBeta(degrees / (degrees + t * t), degrees / 2, 0.5);
}

/** The t with P(|T| >= t) = p, for 0 < p < 1: bisection in the logarithm of t. */
export function studentQuantile(p: number, degrees: number): number {
  let low = -30;
  let high = 60;
  for (let i = 0; i < 80; i++) {
    const middle = (low + high) / 2;
    if (studentTwoSided(Math.exp(middle), degrees) > p) low = middle;
    else high = middle;
  }
  return Math.exp((low + high) / 2);
}

/**
 * How unlikely it is that of `total` events at least as unequal a part as `successes` falls to a side that has the
 * share `probability`: twice the smaller tail, at most 1. The exact comparison of two Poisson counts (Przyborowski and
 * Wilenski 1940).
 */
export function binomialTwoSided(successes: number, total: number, probability: number): number {
  if (total <= 0) return 1;
  const lower = successes >= total ? 1 : incompleteBeta(1 - probability, total - successes, successes + 1);
  const upper = successes <= 0 ? 1 : incompleteBeta(probability, successes, total - successes + 1);
  return Math.min(1, 2 * Math.min(lower, upper));
}

/** The derivative of lnGamma, for x > 0 (DLMF 5.5.2 and 5.11.2). */
export function digamma(x: number): number {
  let result = 0;
  let y = x;
  for (; y < 6; y++) result -= 1 / y;
  const inverse = 1 / (y * y);
  return result + Math.log(y) - 0.5 / y - inverse * (1 / 12 - inverse * (1 / 120 - inverse / 252));
}

/** The derivative of digamma, for x > 0 (DLMF 5.15.5 and 5.15.8). */
export function trigamma(x: number): number {
  let result = 0;
  let y = x;
  for (; y < 6; y++) result += 1 / (y * y);
  const inverse = 1 / (y * y);
  return result + 1 / y + inverse / 2 + (inverse / y) * (1 / 6 - inverse * (1 / 30 - inverse / 42));
}

/** The x with trigamma(x) = y, for y > 0: Newton's method from Smyth (2004), appendix. */
export function trigammaInverse(y: number): number {
  if (y > 1e7) return 1 / Math.sqrt(y);
  if (y < 1e-6) return 1 / y;
  let x = 0.5 + 1 / y;
  for (let i = 0; i < 50; i++) {
    const value = trigamma(x);
    const slope = (trigamma(x * (1 + 1e-5)) - trigamma(x * (1 - 1e-5))) / (2e-5 * x);
    const step = (value * (1 - value / y)) / slope;
    x += step;
    if (-step / x < 1e-8) break;
  }
  return x;
}
