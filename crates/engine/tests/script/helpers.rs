//! The module `"klinke"`.

use crate::toy::*;

#[test]
fn helpers() {
    for (expression, expected) in [
        ("k.reformatDate('19800301', 'yyyyMMddHHmmss', 'dd.MM.yyyy')", "01.03.1980"),
        ("k.reformatDate('198003', 'yyyyMMdd', 'dd.MM.yyyy')", "03.1980"),
        ("k.reformatDate('1.3.80', 'dd.MM.yyyy', 'yyyyMMdd')", ""),
        (
            "JSON.stringify(k.parseDate('1980030108', 'yyyyMMddHHmm'))",
            "{\"year\":1980,\"month\":3,\"day\":1,\"hour\":8}",
        ),
        ("k.parseDate('19800231', 'yyyyMMdd')", "undefined"),
        ("k.formatDate({ year: 1980, month: 3 }, 'yyyy-MM-dd')", "1980-03"),
        ("k.formatDate(new Date(0), 'yyyyMMddHHmmss.SSS')", "19700101000000.000"),
        ("k.formatDate(ctx.receivedMs, 'dd.MM.yyyy HH:mm')", "01.03.2026 08:15"),
        ("k.pad(7, 3, '0')", "007"),
        ("k.pad('12345', 3)", "345"),
        ("k.pad('ab', 4, '.', 'right')", "ab.."),
        ("k.pad('abcde', 4, '.', 'right')", "abcd"),
        ("k.base64.encode('Grüße')", "R3LDvMOfZQ=="),
        ("k.base64.text('R3LD\\nvMOf ZQ==')", "Grüße"),
        ("k.base64.decode('AAEC/w==').join()", "0,1,2,255"),
        ("k.base64.encode(new Uint8Array([0, 1, 2, 255]))", "AAEC/w=="),
        ("k.sha256('abc')", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
        ("k.sha256(new Uint8Array([97, 98, 99])) === k.sha256('abc')", "true"),
        ("k.uuid('a') === k.uuid('a') && k.uuid('a') !== k.uuid('b')", "true"),
        (
            "(() => { try { k.base64.decode('%') } catch (e) { return e.message } })()",
            "the text is not base64",
        ),
        (
            "(() => { try { k.base64.text('/w==') } catch (e) { return e.message } })()",
            "the decoded bytes are not UTF-8 text",
        ),
        (
            "(() => { try { k.sha256(5) } catch (e) { return e.message } })()",
            "text or a Uint8Array is needed",
        ),
    ] {
        let text = format!(
            "import * as k from \"klinke\";\nexport default (msg, ctx) => {{ msg.set('out', String({expression})); return msg; }};"
        );
        let call = call(&script(&text), 7, "");
        let gave = call.gave.unwrap_or_else(|error| panic!("{expression}: {error} {:?}", call.trace)).one();
        assert_eq!(gave, format!("out={expected}\n"), "{expression}");
    }
}

#[test]
fn names_can_be_imported_one_by_one() {
    let text = "import { pad, sha256 as digest, type Message, Context } from \"klinke\";
        export default (msg: Message, ctx: Context) => { msg.set('out', pad(digest('x').length, 3, '0')); return msg; };";
    assert_eq!(call(&script(text), 7, "").gave, Ok(Gave::One("out=064\n".into())));
}
