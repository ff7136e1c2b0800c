//! Arithmetic as Python evaluates it: whole numbers without limit, floats, `+ - * / // **`.
//!
//! Only what can be written with the letters `0123456789+-*/(). ` is read. Whatever ends in an error
//! in Python is an error here; tuples, ellipses, calls and complex numbers are in no sum that comes
//! to a number, so they are errors where they stand.

use num_bigint::{BigInt, Sign};

/// Deepest nesting of parentheses that Python's tokenizer takes.
const DEEPEST: usize = 200;
/// Most operators under one another that Python 3.12 compiles.
const TALLEST: usize = 2995;
/// Most digits Python reads in a whole number.
const LONGEST: usize = 4300;
/// Most bits of a whole number that is worked out. Python goes on for minutes; nothing useful is that
/// long, and a few thousand operators still take no time.
const BITS: u64 = 1 << 16;

const SYNTAX: &str = "invalid syntax (<string>, line 1)";
const OVERFLOW: &str = "int too large to convert to float";

type Outcome<T> = Result<T, &'static str>;

/// The value of an expression as a float, or what Python would say is wrong with it.
pub(crate) fn evaluate(expression: &str) -> Outcome<f64> {
    let mut parser = Parser {
        text: expression.as_bytes(),
        at: 0,
        depth: 0,
    };
    let sum = parser.sum()?;
    parser.skip_spaces();
    if parser.at < parser.text.len() {
        return Err(SYNTAX);
    }
    sum.value.float()
}

#[derive(Debug, Clone)]
enum Number {
    Int(BigInt),
    Float(f64),
}

/// A value and how many operators are under one another in it.
#[derive(Debug, Clone)]
struct Operand {
    value: Number,
    height: usize,
}

impl Operand {
    fn new(value: Number, below: usize) -> Outcome<Self> {
        let height = below + 1;
        if height > TALLEST {
            return Err("maximum recursion depth exceeded during compilation");
        }
        Ok(Self { value, height })
    }
}

/// Reads and evaluates at once: an error is an error, whichever comes first.
struct Parser<'t> {
    text: &'t [u8],
    at: usize,
    /// Open parentheses.
    depth: usize,
}

impl Parser<'_> {
    fn skip_spaces(&mut self) {
        while self.text.get(self.at) == Some(&b' ') {
            self.at += 1;
        }
    }

    /// Takes the next operator if it is one of these; the longest fit counts.
    fn operator(&mut self, wanted: &[&'static str]) -> Option<&'static str> {
        self.skip_spaces();
        let rest = &self.text[self.at..];
        let next = ["**", "//", "*", "/", "+", "-"]
            .into_iter()
            .find(|sign| rest.starts_with(sign.as_bytes()))?;
        if !wanted.contains(&next) {
            return None;
        }
        self.at += next.len();
        Some(next)
    }

    fn sum(&mut self) -> Outcome<Operand> {
        let mut left = self.product()?;
        while let Some(sign) = self.operator(&["+", "-"]) {
            let right = self.product()?;
            let below = left.height.max(right.height);
            let value = if sign == "+" {
                arithmetic(left.value, right.value, |a, b| a + b, |a, b| a + b)?
            } else {
                arithmetic(left.value, right.value, |a, b| a - b, |a, b| a - b)?
            };
            left = Operand::new(value, below)?;
        }
        Ok(left)
    }

    fn product(&mut self) -> Outcome<Operand> {
        let mut left = self.factor()?;
        while let Some(sign) = self.operator(&["*", "/", "//"]) {
            let right = self.factor()?;
            let below = left.height.max(right.height);
            let value = match sign {
                "*" => multiply(left.value, right.value)?,
                "/" => Number::Float(divide(&left.value, &right.value)?),
                _ => floor_divide(left.value, right.value)?,
            };
            left = Operand::new(value, below)?;
        }
        Ok(left)
    }

    /// Signs and powers, read from the left and evaluated from the right. Signs bind weaker than
    /// the power to their right: `-2**2` is -4, `2**-1` is 0.5.
    fn factor(&mut self) -> Outcome<Operand> {
        let mut chain: Vec<(Vec<&'static str>, Operand)> = Vec::with_capacity(1);
        loop {
            let mut signs = Vec::new();
            while let Some(sign) = self.operator(&["+", "-"]) {
                signs.push(sign);
            }
            let atom = self.atom()?;
            self.skip_spaces();
            if self.text.get(self.at) == Some(&b'(') {
                return Err("object is not callable");
            }
            chain.push((signs, atom));
            if self.operator(&["**"]).is_none() {
                break;
            }
        }
        let mut exponent: Option<Operand> = None;
        while let Some((signs, base)) = chain.pop() {
            let mut operand = match exponent.take() {
                None => base,
                Some(exponent) => {
                    let below = base.height.max(exponent.height);
                    Operand::new(raise(base.value, exponent.value)?, below)?
                }
            };
            for sign in signs {
                let value = if sign == "-" {
                    negative(operand.value)
                } else {
                    operand.value
                };
                operand = Operand::new(value, operand.height)?;
            }
            exponent = Some(operand);
        }
        exponent.ok_or(SYNTAX)
    }

    fn atom(&mut self) -> Outcome<Operand> {
        self.skip_spaces();
        match self.text.get(self.at) {
            Some(b'(') => {
                self.at += 1;
                self.depth += 1;
                if self.depth > DEEPEST {
                    return Err("too many nested parentheses (<string>, line 1)");
                }
                let value = self.sum()?;
                self.skip_spaces();
                if self.text.get(self.at) != Some(&b')') {
                    return Err(SYNTAX);
                }
                self.at += 1;
                self.depth -= 1;
                Ok(value)
            }
            Some(b'0'..=b'9' | b'.') => Ok(Operand {
                value: self.literal()?,
                height: 0,
            }),
            _ => Err(SYNTAX),
        }
    }

    fn literal(&mut self) -> Outcome<Number> {
        let start = self.at;
        self.digits();
        let whole = self.at - start;
        let mut float = false;
        if self.text.get(self.at) == Some(&b'.') {
            self.at += 1;
            self.digits();
            float = true;
        }
        let text = std::str::from_utf8(&self.text[start..self.at]).map_err(|_| SYNTAX)?;
        if float {
            return text.parse().map(Number::Float).map_err(|_| SYNTAX);
        }
        let zeros = text.bytes().take_while(|digit| *digit == b'0').count();
        if zeros > 0 && zeros < whole {
            return Err(
                "leading zeros in decimal integer literals are not permitted (<string>, line 1)",
            );
        }
        if whole - zeros > LONGEST {
            return Err("Exceeds the limit (4300 digits) for integer string conversion");
        }
        BigInt::parse_bytes(text.as_bytes(), 10)
            .map(Number::Int)
            .ok_or(SYNTAX)
    }

    fn digits(&mut self) {
        while self.text.get(self.at).is_some_and(u8::is_ascii_digit) {
            self.at += 1;
        }
    }
}

impl Number {
    fn float(&self) -> Outcome<f64> {
        match self {
            Self::Float(number) => Ok(*number),
            Self::Int(number) => to_float(number),
        }
    }
}

fn negative(number: Number) -> Number {
    match number {
        Number::Int(number) => Number::Int(-number),
        Number::Float(number) => Number::Float(-number),
    }
}

/// The nearest float, half to even; none above the largest.
fn to_float(number: &BigInt) -> Outcome<f64> {
    let float = quotient(number, &BigInt::from(1));
    if float.is_finite() {
        Ok(float)
    } else {
        Err(OVERFLOW)
    }
}

fn arithmetic(
    left: Number,
    right: Number,
    ints: fn(BigInt, BigInt) -> BigInt,
    floats: fn(f64, f64) -> f64,
) -> Outcome<Number> {
    Ok(match (left, right) {
        (Number::Int(left), Number::Int(right)) => Number::Int(ints(left, right)),
        (left, right) => Number::Float(floats(left.float()?, right.float()?)),
    })
}

fn multiply(left: Number, right: Number) -> Outcome<Number> {
    if let (Number::Int(left), Number::Int(right)) = (&left, &right)
        && left.bits().saturating_add(right.bits()) > BITS
    {
        return Err(OVERFLOW);
    }
    arithmetic(left, right, |a, b| a * b, |a, b| a * b)
}

fn divide(left: &Number, right: &Number) -> Outcome<f64> {
    if let (Number::Int(left), Number::Int(right)) = (left, right) {
        if right.sign() == Sign::NoSign {
            return Err("division by zero");
        }
        let float = quotient(left, right);
        return if float.is_finite() {
            Ok(float)
        } else {
            Err("integer division result too large for a float")
        };
    }
    let (left, right) = (left.float()?, right.float()?);
    if right == 0.0 {
        Err("float division by zero")
    } else {
        Ok(left / right)
    }
}

/// The float nearest to the exact quotient, half to even; infinite above the largest float.
fn quotient(left: &BigInt, right: &BigInt) -> f64 {
    let negative = (left.sign() == Sign::Minus) != (right.sign() == Sign::Minus);
    let (left, right) = (left.magnitude(), right.magnitude());
    let bits = |number: &num_bigint::BigUint| i64::try_from(number.bits()).unwrap_or(i64::MAX);
    // The quotient gets 64 or 65 bits, the lowest one standing for all that follow; below the
    // normal floats it gets so many fewer as they have.
    let shift = (65 - (bits(left) - bits(right))).min(1074 + 2);
    let (above, below) = if shift >= 0 {
        (left << shift.unsigned_abs(), right.clone())
    } else {
        (left.clone(), right << shift.unsigned_abs())
    };
    let whole = &above / &below;
    let rest = u128::from(&whole * &below != above);
    let leading = whole
        .iter_u64_digits()
        .rev()
        .fold(0_u128, |sum, digit| (sum << 64) | u128::from(digit));
    let float = scale((leading | rest) as f64, -shift);
    if negative { -float } else { float }
}

/// Times a power of two, in steps that are floats themselves.
fn scale(mut number: f64, mut exponent: i64) -> f64 {
    while exponent > 1000 && number.is_finite() && number != 0.0 {
        number *= 2_f64.powi(1000);
        exponent -= 1000;
    }
    while exponent < -1000 && number != 0.0 {
        number *= 2_f64.powi(-1000);
        exponent += 1000;
    }
    number * 2_f64.powi(i32::try_from(exponent.clamp(-1000, 1000)).unwrap_or(0))
}

fn floor_divide(left: Number, right: Number) -> Outcome<Number> {
    if let (Number::Int(left), Number::Int(right)) = (&left, &right) {
        if right.sign() == Sign::NoSign {
            return Err("integer division or modulo by zero");
        }
        let whole = left / right;
        let below =
            left.sign() != Sign::NoSign && left.sign() != right.sign() && &whole * right != *left;
        return Ok(Number::Int(if below { whole - 1 } else { whole }));
    }
    let (left, right) = (left.float()?, right.float()?);
    if right == 0.0 {
        return Err("float floor division by zero");
    }
    let rest = left % right;
    let mut whole = (left - rest) / right;
    if rest != 0.0 && (right < 0.0) != (rest < 0.0) {
        whole -= 1.0;
    }
    if whole == 0.0 {
        return Ok(Number::Float(0_f64.copysign(left / right)));
    }
    let floor = whole.floor();
    Ok(Number::Float(if whole - floor > 0.5 {
        floor + 1.0
    } else {
        floor
    }))
}

fn raise(base: Number, exponent: Number) -> Outcome<Number> {
    if let (Number::Int(base), Number::Int(exponent)) = (&base, &exponent)
        && exponent.sign() != Sign::Minus
    {
        return raise_whole(base, exponent).map(Number::Int);
    }
    let (base, exponent) = (base.float()?, exponent.float()?);
    if base == 0.0 && exponent < 0.0 {
        return Err("0.0 cannot be raised to a negative power");
    }
    if base < 0.0 && base.is_finite() && exponent.is_finite() && exponent.fract() != 0.0 {
        return Err("float() argument must be a string or a real number, not 'complex'");
    }
    let power = base.powf(exponent);
    if power.is_infinite() && base.is_finite() && exponent.is_finite() {
        return Err("(34, 'Numerical result out of range')");
    }
    Ok(Number::Float(power))
}

fn raise_whole(base: &BigInt, exponent: &BigInt) -> Outcome<BigInt> {
    let small = base.magnitude().bits() <= 1;
    if small {
        let odd = exponent.bit(0);
        let zero = exponent.sign() == Sign::NoSign;
        let one = base.sign() == Sign::Plus || zero || (base.sign() == Sign::Minus && !odd);
        return Ok(if one { BigInt::from(1) } else { base.clone() });
    }
    let times = u32::try_from(exponent).map_err(|_| OVERFLOW)?;
    if base.bits().saturating_mul(u64::from(times)) > BITS {
        return Err(OVERFLOW);
    }
    Ok(base.pow(times))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domains::retail::python::{push_float, round_cents};

    fn text(expression: &str) -> Result<String, &'static str> {
        let mut out = String::new();
        push_float(&mut out, round_cents(evaluate(expression)?));
        Ok(out)
    }

    #[test]
    fn comes_to_what_python_comes_to() {
        let cases = [
            ("1 + 2", "3.0"),
            ("1/3", "0.33"),
            ("2**3**2", "512.0"),
            ("-2**2", "-4.0"),
            ("2**-1", "0.5"),
            ("(-2)**2", "4.0"),
            ("7//2", "3.0"),
            ("-7//2", "-4.0"),
            ("7//-2.0", "-4.0"),
            ("1.5//0.1", "14.0"),
            ("-0.0", "-0.0"),
            ("10**16", "1e+16"),
            ("10**400/10**399", "10.0"),
            ("10**400//10**399", "10.0"),
            ("9007199254740993/1", "9007199254740992.0"),
            ("(2**64+1)/(2**64-1)", "1.0"),
            ("00", "0.0"),
            ("012.5", "12.5"),
            (".5 + 1.", "1.5"),
            ("- - 3", "3.0"),
            ("2 * -3", "-6.0"),
            ("0**0", "1.0"),
            ("(-1)**9999999999999999999", "-1.0"),
            ("0*9**999", "0.0"),
            ("10.0**308*10", "inf"),
            ("10.0**308*10-10.0**308*10", "nan"),
            ("  3", "3.0"),
            ("2.675", "2.67"),
            ("0.125", "0.12"),
        ];
        for (expression, wanted) in cases {
            assert_eq!(text(expression).as_deref(), Ok(wanted), "{expression}");
        }
    }

    #[test]
    fn fails_where_python_fails() {
        let cases = [
            "",
            " ",
            "1 +",
            "* 1",
            "1 2",
            "1..2",
            "1.2.3",
            ". 5",
            ".",
            "...",
            "()",
            "(1)(2)",
            "1(2)",
            "1/0",
            "1//0",
            "1.0/0",
            "0**-1",
            "(-8)**0.5",
            "(-8)**(1/3)",
            "10**400",
            "10**309 + 1.0",
            "10.0**309",
            "2/ /3",
            "2***3",
            "1///2",
            "012",
            "1 . 5",
            "(1",
            "1)",
            "9**9**9",
            "9**20000*9**20000",
            "(*1)",
            "(**1)",
            "/1",
        ];
        for expression in cases {
            assert!(
                evaluate(expression).is_err(),
                "{expression} = {:?}",
                evaluate(expression)
            );
        }
        assert!(evaluate(&"9".repeat(4301)).is_err());
        assert!(evaluate(&"-".repeat(100_000)).is_err());
    }

    #[test]
    fn goes_as_deep_as_python_goes() {
        let deep = |times: usize| {
            [
                format!("{}1{}", "(".repeat(times), ")".repeat(times)),
                format!("1{}", "+1".repeat(times * 14)),
                format!("{}1", "-".repeat(times * 14)),
                format!("1{}", "**1".repeat(times * 14)),
            ]
        };
        assert!(
            deep(200)
                .iter()
                .all(|expression| evaluate(expression).is_ok())
        );
        assert!(
            deep(220)
                .iter()
                .all(|expression| evaluate(expression).is_err())
        );
    }
}
