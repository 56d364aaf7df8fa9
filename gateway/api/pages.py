"""The pages of the participant's own way to say stop: frozen, in English and Spanish, nothing in them about anybody.

No script, no picture, no link elsewhere: a page that asks the browser for nothing tells nobody that it was opened.
"""

from typing import Final

POLICY: Final = (
    b"default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
"""Content-Security-Policy: the page may do nothing but send its one form back to where it came from."""

_FRAME: Final = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>{title}</title>
<style>
body {{ font: 1.125rem/1.5 sans-serif; max-width: 34rem; margin: 2rem auto; padding: 0 1rem; color: #1b1b1b }}
label {{ display: block; font-weight: bold; margin-top: 1rem }}
input {{ font: 1.25rem monospace; width: 100%; box-sizing: border-box; padding: .5rem; border: 2px solid #1b1b1b }}
button {{ font: inherit; font-weight: bold; margin-top: 1rem; padding: .75rem 1.5rem; color: #fff; background: #005ea2;
border: 0 }}
input:focus, button:focus {{ outline: .25rem solid #2491ff; outline-offset: 2px }}
</style>
</head>
<body>
<main>
{main}
</main>
</body>
</html>
"""
_FORM: Final = """<form method="post" action="">
<label for="code">Code on your slip <span lang="es">/ Clave de su papel</span></label>
<input id="code" name="code" maxlength="40" autocomplete="off" autocapitalize="characters" spellcheck="false" required>
<button type="submit">Stop <span lang="es">/ Parar</span></button>
</form>"""


def _page(title: str, *parts: str) -> bytes:
    return _FRAME.format(title=title, main="\n".join(parts)).encode()


def _both(english: str, spanish: str) -> str:
    return f'<p>{english}</p>\n<p lang="es">{spanish}</p>'


ASK: Final = _page(
    "Stop sharing / Parar",
    "<h1>Stop sharing</h1>",
    _both(
        "Type in the code from your slip. It stops what we tell others about you, all of it, at once. "
        "You need not say why. You can still get all our help.",
        "Escriba la clave de su papel. Para todo lo que decimos de usted a otros, de una vez. "
        "No tiene que decir por qué. Le ayudamos igual que antes.",
    ),
    _FORM,
)
"""The form, for whoever comes."""

STOPPED: Final = _page(
    "Stopped / Parado",
    '<h1>It is stopped <span lang="es">/ Ya está parado</span></h1>',
    _both(
        "From now on we tell others no more about you. Ask us for the list of what was told before. "
        "In a medical emergency, or if a judge orders it, we may still have to tell what is needed.",
        "Desde ahora no decimos nada más de usted. Pida la lista de lo que se dijo antes. "
        "En una emergencia médica, o si lo manda un juez, se puede decir lo que haga falta.",
    ),
)
"""The code was good."""

NOT_STOPPED: Final = _page(
    "Not stopped / No está parado",
    '<h1>This did not work <span lang="es">/ No se pudo</span></h1>',
    _both(
        "We do not know this code, or it was used before, or it is too old. Please look at your slip and try again. "
        "Or tell any one of us: a word is enough.",
        "No conocemos esta clave, o ya se usó, o es muy vieja. Mire su papel y pruebe otra vez. "
        "O dígalo a cualquiera de nosotros: basta una palabra.",
    ),
    _FORM,
)
"""Any other code, whatever is wrong with it."""

WAIT: Final = _page(
    "Please wait / Espere",
    '<h1>Please wait <span lang="es">/ Espere</span></h1>',
    _both(
        "Too many tries. Please wait a minute and try again. Or tell any one of us: a word is enough.",
        "Demasiados intentos. Espere un minuto y pruebe otra vez. O dígalo a uno de nosotros: basta una palabra.",
    ),
)
"""Too many tries from one address."""
