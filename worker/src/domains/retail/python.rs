//! Numbers and texts as Python prints and rounds them: what results and hashes are made of.

use std::fmt::Write;

/// Appends a float as Python's `repr` does: shortest digits, an exponent below 1e-4 and from 1e16.
pub fn push_float(out: &mut String, number: f64) {
    if let Some(cents) = whole_cents(number) {
        return push_cents(out, cents);
    }
    if number.is_nan() {
        return out.push_str("nan");
    }
    if number.is_infinite() {
        return out.push_str(if number > 0.0 { "inf" } else { "-inf" });
    }
    let magnitude = number.abs();
    let text = shortest(number);
    let (digits, exponent) = text
        .split_once('e')
        .expect("`{:e}` always prints an exponent");
    let exponent: i32 = exponent.parse().expect("`{:e}` prints a whole exponent");
    if number == 0.0 || (1e-4..1e16).contains(&magnitude) {
        return push_plain(out, digits, exponent);
    }
    let sign = if exponent < 0 { '-' } else { '+' };
    write!(out, "{digits}e{sign}{:02}", exponent.abs()).expect("a String takes every write");
}

/// Fewest digits that read back as the number, in the form `1.5e3`. Of two such texts equally near
/// Python takes the one with the even last digit.
fn shortest(number: f64) -> String {
    let text = format!("{number:e}");
    let digits = text.bytes().filter(u8::is_ascii_digit).count()
        - text.bytes().rev().take_while(u8::is_ascii_digit).count();
    if digits > 15 {
        let even = format!("{number:.*e}", digits - 1);
        if even.parse() == Ok(number) {
            return even;
        }
    }
    text
}

/// Digits such as `-1.25` times ten to the exponent, without exponent.
fn push_plain(out: &mut String, digits: &str, exponent: i32) {
    let unsigned = digits.strip_prefix('-').unwrap_or(digits);
    if unsigned.len() < digits.len() {
        out.push('-');
    }
    let row = unsigned.bytes().filter(u8::is_ascii_digit).map(char::from);
    let Ok(point) = usize::try_from(exponent) else {
        out.push_str("0.");
        out.extend((1..-exponent).map(|_| '0'));
        return out.extend(row);
    };
    let padded = row.chain(std::iter::repeat('0'));
    let count = (unsigned.len() - usize::from(unsigned.contains('.'))).max(point + 2);
    for (place, digit) in padded.take(count).enumerate() {
        out.push(digit);
        if place == point {
            out.push('.');
        }
    }
}

/// The number in hundredths, where that is exact and has at most 15 digits.
///
/// A decimal of at most 15 digits is the only one as short that reads back as its float, so it is
/// the shortest: printing it needs no general algorithm.
fn whole_cents(number: f64) -> Option<i64> {
    let scaled = (number * 100.0).round();
    if scaled.abs() < 1e15
        && scaled / 100.0 == number
        && (scaled != 0.0 || number.is_sign_positive())
    {
        #[expect(clippy::cast_possible_truncation, reason = "whole and below 1e15")]
        return Some(scaled as i64);
    }
    None
}

fn push_cents(out: &mut String, cents: i64) {
    let mut digits = [0_u8; 20];
    let mut at = digits.len();
    let magnitude = cents.unsigned_abs();
    let (mut whole, part) = (magnitude / 100, (magnitude % 100) as u8);
    let mut put = |digit: u8| {
        at -= 1;
        digits[at] = digit;
    };
    if part % 10 != 0 {
        put(b'0' + part % 10);
    }
    put(b'0' + part / 10);
    put(b'.');
    loop {
        put(b'0' + (whole % 10) as u8);
        whole /= 10;
        if whole == 0 {
            break;
        }
    }
    if cents < 0 {
        put(b'-');
    }
    out.push_str(std::str::from_utf8(&digits[at..]).expect("digits are ASCII"));
}

/// Appends a float as Python's `json.dumps` does.
pub fn push_json_float(out: &mut String, number: f64) {
    if number.is_finite() {
        push_float(out, number);
    } else if number.is_nan() {
        out.push_str("NaN");
    } else {
        out.push_str(if number > 0.0 {
            "Infinity"
        } else {
            "-Infinity"
        });
    }
}

/// Appends a text as Python's `json.dumps` does: quoted, everything but printable ASCII escaped.
pub fn push_json_text(out: &mut String, text: &str) {
    out.push('"');
    if text
        .bytes()
        .all(|byte| (b' '..=b'~').contains(&byte) && byte != b'"' && byte != b'\\')
    {
        out.push_str(text);
    } else {
        text.chars()
            .for_each(|letter| push_json_letter(out, letter));
    }
    out.push('"');
}

fn push_json_letter(out: &mut String, letter: char) {
    match letter {
        '"' => out.push_str("\\\""),
        '\\' => out.push_str("\\\\"),
        '\n' => out.push_str("\\n"),
        '\r' => out.push_str("\\r"),
        '\t' => out.push_str("\\t"),
        '\u{8}' => out.push_str("\\b"),
        '\u{c}' => out.push_str("\\f"),
        ' '..='~' => out.push(letter),
        _ => {
            for unit in letter.encode_utf16(&mut [0; 2]) {
                write!(out, "\\u{unit:04x}").expect("a String takes every write");
            }
        }
    }
}

/// Rounds to cents as Python's `round(number, 2)`: the exact binary value, half to even.
pub fn round_cents(number: f64) -> f64 {
    let scaled = number * 100.0;
    // Away from ties and below 1e7 the error of the product cannot change which cent is nearest,
    // and the quotient of a whole number by 100 is the float nearest to that decimal.
    if scaled.abs() < 1e9 && ((scaled - scaled.trunc()).abs() - 0.5).abs() > 1e-3 {
        return scaled.round() / 100.0;
    }
    if !number.is_finite() {
        return number;
    }
    format!("{number:.2}")
        .parse()
        .expect("a printed float reads back")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn repr(number: f64) -> String {
        let mut out = String::new();
        push_float(&mut out, number);
        out
    }

    #[test]
    fn prints_floats_like_python() {
        let cases = [
            (0.0, "0.0"),
            (-0.0, "-0.0"),
            (100.0, "100.0"),
            (0.1, "0.1"),
            (46.85, "46.85"),
            (-0.05, "-0.05"),
            (0.04999999999999716, "0.04999999999999716"),
            (1e15, "1000000000000000.0"),
            (1e16, "1e+16"),
            (1.5e16, "1.5e+16"),
            (1e-4, "0.0001"),
            (1e-5, "1e-05"),
            (1.25e-7, "1.25e-07"),
            (1e22, "1e+22"),
            (675_500_706_302_845.0 / 8.0, "84437588287855.62"),
            (2_f64.powi(-24), "5.960464477539063e-08"),
            (2_f64.powi(-25), "2.9802322387695312e-08"),
            (0.000_123, "0.000123"),
            (-1234.5678, "-1234.5678"),
            (123_456_789_012_345_678.0, "1.2345678901234568e+17"),
            (1_234_567_890_123_456.0, "1234567890123456.0"),
            (1e300, "1e+300"),
            (9007199254740993.0, "9007199254740992.0"),
            (f64::NAN, "nan"),
            (f64::NEG_INFINITY, "-inf"),
        ];
        for (number, text) in cases {
            assert_eq!(repr(number), text);
        }
    }

    #[test]
    fn rounds_like_python() {
        let cases = [
            (0.125, 0.12),
            (0.375, 0.38),
            (2.675, 2.67),
            (1.005, 1.0),
            (-2.675, -2.67),
            (0.285, 0.28),
            (1e16, 1e16),
            (1e300, 1e300),
            (f64::INFINITY, f64::INFINITY),
        ];
        for (number, rounded) in cases {
            assert_eq!(round_cents(number), rounded, "{number}");
        }
        assert_eq!(repr(round_cents(-0.001)), "-0.0");
    }

    #[test]
    fn escapes_like_python() {
        let mut out = String::new();
        push_json_text(&mut out, "a\"b\\c\n\t\r\u{8}\u{c}\u{1}\u{7f}é😀");
        assert_eq!(out, r#""a\"b\\c\n\t\r\b\f\u0001\u007f\u00e9\ud83d\ude00""#);
    }

    proptest! {
        #[test]
        fn short_cuts_agree_with_the_general_way(cents in -1_000_000_000_i64..1_000_000_000, noise in -1e-3_f64..1e-3) {
            let number = cents as f64 / 100.0;
            let general = format!("{number}");
            let general = if general.contains('.') { general } else { format!("{general}.0") };
            prop_assert_eq!(repr(number), general);
            let noisy = number + noise;
            let slow: f64 = format!("{noisy:.2}").parse().unwrap();
            prop_assert_eq!(round_cents(noisy).to_bits(), slow.to_bits());
        }
    }
}
