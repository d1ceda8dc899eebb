//! A transcript of a terminal as a picture: SVG without scripts. What is typed appears letter by
//! letter and what is printed line by line, once, unless the reader wants less motion.

use std::fmt::Write as _;

/// A command, and what it printed, with its colours as ANSI sequences.
pub(crate) struct Step {
    pub(crate) command: &'static str,
    pub(crate) output: String,
}

/// Size of a character, in pixels.
const CHAR: f64 = 8.4;
const LINE: usize = 20;
const MARGIN: usize = 18;
/// Height of the bar above the text.
const BAR: usize = 34;
/// Seconds.
const PER_LETTER: f64 = 0.045;
const PER_LINE: f64 = 0.05;
const PAUSE: f64 = 0.6;
const READING: f64 = 2.5;

const STYLE: &str = "
svg { --back: #ffffff; --bar: #eaeef2; --edge: #d0d7de; --text: #1f2328; --dim: #59636e; --red: #b3202c; --green: #116329;
      --yellow: #7d4e00; --cyan: #0b5f79 }
@media (prefers-color-scheme: dark) {
  svg { --back: #0d1117; --bar: #161b22; --edge: #30363d; --text: #e6edf3; --dim: #9198a1; --red: #ff8a80; --green: #56d364;
        --yellow: #e3b341; --cyan: #76d9e6 }
}
.window { fill: var(--back); stroke: var(--edge) } .bar { fill: var(--bar) } .dot { fill: var(--edge) }
text { font: 14px ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace; fill: var(--text);
       white-space: pre }
.bold { font-weight: 700 } .dim { fill: var(--dim) } .red { fill: var(--red) } .green { fill: var(--green) }
.yellow { fill: var(--yellow) } .cyan { fill: var(--cyan) }
@media (prefers-reduced-motion: no-preference) {
  .line { animation: shown .01s both } .typed { animation: typed 1s both }
}
@keyframes shown { from { opacity: 0 } }
@keyframes typed { from { clip-path: inset(-4px 100% -4px 0) } to { clip-path: inset(-4px 0 -4px 0) } }
";

/// Draws a transcript. `title` and `description` are for readers who do not see it.
pub(crate) fn draw(title: &str, description: &str, steps: &[Step]) -> String {
    let (mut body, mut row, mut time) = (String::new(), 0, 0.4);
    let mut columns = 0;
    for (index, step) in steps.iter().enumerate() {
        if index > 0 {
            row += 1;
        }
        let letters = step.command.chars().count();
        let typing = PER_LETTER * letters as f64;
        let y = baseline(row);
        let prompt = format!(
            "<text class=\"line dim\" style=\"animation-delay:{time:.2}s\" x=\"{MARGIN}\" y=\"{y}\">$</text>\n"
        );
        let x = MARGIN as f64 + 2.0 * CHAR;
        let typed = format!(
            "<text class=\"typed bold\" style=\"animation-delay:{time:.2}s;animation-duration:{typing:.2}s;\
             animation-timing-function:steps({letters})\" x=\"{x:.1}\" y=\"{y}\" textLength=\"{:.1}\">{}</text>\n",
            CHAR * letters as f64,
            escaped(step.command)
        );
        body.push_str(&prompt);
        body.push_str(&typed);
        row += 1;
        time += typing + PAUSE;
        for line in step.output.trim_end().lines() {
            let spans = spans(line);
            let len: usize = spans.iter().map(|(_, text)| text.chars().count()).sum();
            columns = columns.max(len);
            if len > 0 {
                let _ = writeln!(
                    body,
                    "<text class=\"line\" style=\"animation-delay:{time:.2}s\" x=\"{MARGIN}\" y=\"{}\" textLength=\"{:.1}\">{}</text>",
                    baseline(row),
                    CHAR * len as f64,
                    spans.iter().map(tspan).collect::<String>()
                );
            }
            row += 1;
            time += PER_LINE;
        }
        time += READING;
    }
    let (width, height) = ((columns as f64 * CHAR).ceil() as usize + 2 * MARGIN, baseline(row) + MARGIN - 4);
    let dots: String =
        (0..3).map(|n| format!("<circle class=\"dot\" cx=\"{}\" cy=\"17\" r=\"6\"/>", 22 + n * 20)).collect();
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {width} {height}\" role=\"img\" \
         aria-labelledby=\"title description\">\n<title id=\"title\">{}</title>\n<desc id=\"description\">{}</desc>\n<style>{STYLE}</style>\n\
         <rect class=\"window\" x=\".5\" y=\".5\" width=\"{}\" height=\"{}\" rx=\"8\"/>\n\
         <path class=\"bar\" d=\"M1 {BAR}V9a8 8 0 0 1 8-8H{}a8 8 0 0 1 8 8V{BAR}z\"/>\n{dots}\n{body}</svg>\n",
        escaped(title),
        escaped(description),
        width - 1,
        height - 1,
        width - 9,
    )
}

fn baseline(row: usize) -> usize {
    BAR + MARGIN + 6 + row * LINE
}

/// The parts of a line in one style each, with the names of the style.
fn spans(line: &str) -> Vec<(String, String)> {
    let (mut spans, mut classes) = (Vec::<(String, String)>::new(), Vec::new());
    for (index, part) in line.split("\u{1b}[").enumerate() {
        let text = if index == 0 {
            part
        } else {
            let (codes, text) = part.split_once('m').expect("colours are the only sequences");
            for code in codes.split(';') {
                match code {
                    "" | "0" => classes.clear(),
                    "1" => classes.push("bold"),
                    "2" => classes.push("dim"),
                    "31" | "91" => classes.push("red"),
                    "32" | "92" => classes.push("green"),
                    "33" | "93" => classes.push("yellow"),
                    "36" | "96" => classes.push("cyan"),
                    other => panic!("the picture has no style for ANSI {other}"),
                }
            }
            text
        };
        if !text.is_empty() {
            spans.push((classes.join(" "), text.to_owned()));
        }
    }
    spans
}

fn tspan((classes, text): &(String, String)) -> String {
    if classes.is_empty() { escaped(text) } else { format!("<tspan class=\"{classes}\">{}</tspan>", escaped(text)) }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
