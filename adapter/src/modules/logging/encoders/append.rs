//! The encoder `append`.

use caddis_config::logging::{Encoder, encoders::Append};
use caddis_grammar::Statement;

use crate::{
    args::Args,
    cx::{Cx, Parsed},
    directives::lenient::only_block,
    modules::Module,
    scalar::scalar,
};

/// See `fixtures/modules/logging/encoders/append.md`.
pub(crate) const MODULE: Module<Encoder> = Module {
    name: "append",
    read: |cx, line| {
        let mut append = Append::default();
        if only_block(cx, line) {
            for line in line.children() {
                let read = read_line(cx, line, &mut append);
                cx.keep(read);
            }
        }
        Ok(append.into())
    },
};

/// Every name is a field, apart from `wrap` and `fields`.
fn read_line(cx: &mut Cx<'_>, line: &Statement, append: &mut Append) -> Parsed<()> {
    match &*line.name().text {
        "wrap" => append.wrap = Some(Box::new(cx.module_argument(line)?)),
        "fields" => {
            line.none()?;
            for line in line.children() {
                read_field(line, append)?;
            }
        }
        _ => read_field(line, append)?,
    }
    Ok(())
}

fn read_field(line: &Statement, append: &mut Append) -> Parsed<()> {
    let value = line.one()?;
    line.no_block()?;
    append.fields.insert(line.name().text.to_string(), scalar(value)?);
    Ok(())
}
