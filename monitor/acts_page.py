"""The one page of the door for links, as a template, and its style. Holds words and colours; knows nothing else.

It is the same on a telephone and on a screen, light or dark as the reader has it, without script, picture or font.
"""

STYLE = """
:root { color-scheme: light dark; --ink: #1c2330; --soft: #525b6b; --paper: #f4f5f7; --card: #ffffff;
  --line: #cbd2dc; --strong: #1f4f9c; --on: #ffffff; }
@media (prefers-color-scheme: dark) { :root { --ink: #e8ebf0; --soft: #a7b0bf; --paper: #14181f; --card: #1d232d;
  --line: #3b4555; --strong: #8db8ff; --on: #10151d; } }
* { box-sizing: border-box; }
body { margin: 0; padding: 1rem; background: var(--paper); color: var(--ink);
  font: 1rem/1.5 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; }
main { max-width: 34rem; margin: 6vh auto 0; padding: 1.5rem; background: var(--card);
  border: 1px solid var(--line); border-radius: .75rem; overflow-wrap: anywhere; }
h1 { margin: 0 0 .75rem; font-size: 1.4rem; line-height: 1.25; }
p { margin: 0 0 1rem; }
.lead { font-weight: 600; }
.soft, footer { color: var(--soft); font-size: .9rem; }
label { display: block; margin: 0 0 .35rem; font-weight: 600; }
input { width: 100%; padding: .65rem .75rem; font: inherit; color: var(--ink); background: var(--paper);
  border: 1px solid var(--soft); border-radius: .5rem; }
input::placeholder { color: var(--soft); opacity: 1; }
button { width: 100%; margin-top: .5rem; padding: .8rem 1rem; font: inherit; font-weight: 700; color: var(--on);
  background: var(--strong); border: 0; border-radius: .5rem; cursor: pointer; }
:focus-visible { outline: 3px solid var(--strong); outline-offset: 2px; }
footer { max-width: 34rem; margin: 1rem auto; text-align: center; }
"""

PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{{ title }}</title>
<style>{{ style | safe }}</style>
</head>
<body>
<main>
<h1{% if done %} role="status"{% endif %}>{{ title }}</h1>
<p class="lead">{{ lead }}</p>
{% if text %}
<p>{{ text }}</p>
{% endif %}
{% if button %}
<form method="post" action="" autocomplete="on">
<label for="name">Who are you?</label>
<input id="name" name="name" autocomplete="name" maxlength="{{ longest }}" placeholder="your name"
 aria-describedby="who">
<p class="soft" id="who">Left empty, it is done in the name of “{{ receiver }}”, to whom the message was sent.</p>
<button type="submit">{{ button }}</button>
</form>
{% endif %}
</main>
<footer>Sentiment Monitor</footer>
</body>
</html>
"""
