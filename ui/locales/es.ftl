# Hushwing en español.

app-name = Hushwing
title-unread = ({ $count }) Hushwing
language = Idioma

## Partes comunes
back = Atrás
cancel = Cancelar
close = Cerrar
continue = Continuar
done = Listo
copied = Copiado
copy-failed = No se ha podido copiar. Selecciona el texto y cópialo a mano.
menu = Menú
retry-now = Reintentar ahora
search = Buscar
search-nothing = No se ha encontrado nada.
you = Tú
no-name = Sin nombre
off = No
on = Sí
hidden-character = Un carácter que no se ve
qr-nothing = No hay ningún código QR en esta imagen. Prueba con una más nítida o que muestre solo el código.
file-drop = Elige un archivo, suéltalo aquí o pégalo

## Al abrir la página
opening-title = Un momento
opening-text = Se pregunta a Hushwing si está ahí.
closed-title = Abre Hushwing otra vez
closed-text = Esta página ya no pertenece a un Hushwing en marcha. Ábrelo desde tu menú o con esta orden; no se pierde nada.
closed-text-window = Esta página ya no pertenece a un Hushwing en marcha. No se pierde nada.
closed-again = Abrir otra vez
daemon-gone = Hushwing no responde. Quizá se ha detenido; esta página lo intenta de nuevo por sí sola.

## Primera vez
welcome-title = Habla sin que te observen
welcome-text = Hushwing no necesita número de teléfono, ni correo, ni nombre. Tu cuenta vive solo en este ordenador.
welcome-create = Crear una cuenta
welcome-create-text = Tarda un minuto. Eliges una frase de paso. ¿Tienes un enlace de un amigo? Lo pegas justo después.
welcome-restore = Recuperar de una copia
welcome-restore-text = Trae de vuelta una cuenta desde una copia de seguridad.
passphrase = Frase de paso
passphrase-again = La misma frase de paso otra vez
passphrase-show = Mostrar la frase de paso
passphrase-title = Elige una frase de paso
passphrase-text = Cierra con llave todo en este ordenador: tus mensajes, tus contactos, tus claves.
passphrase-too-weak = Añade palabras hasta que la barra se ponga verde.
passphrase-missing = Escribe tu frase de paso.
passphrase-differs = No son iguales. Escríbela otra vez, o vuelve atrás y elige otra.
repeat-title = Escríbela una vez más
repeat-text = Para que una errata no te deje fuera.
repeat-warning = Nadie puede recuperar una frase de paso olvidada, tampoco nosotros. Apúntala y guárdala en un lugar seguro.
create-account = Crear la cuenta
creating = Creando…
strength-advice = Cinco o más palabras sin relación entre sí son buenas y fáciles de recordar.
strength-more = Suficiente. Una palabra más la hace mucho más fuerte.
strength-enough = Fuerte.
strength-weak = Demasiado fácil de adivinar.
strength-keyboard = Demasiado fácil de adivinar: sigue el teclado.
strength-repeats = Demasiado fácil de adivinar: se repite.
strength-sequence = Demasiado fácil de adivinar: es una secuencia.
strength-date = Demasiado fácil de adivinar: contiene una fecha o un año.
strength-common = Demasiado fácil de adivinar: la usa mucha gente.
strength-single-word = Demasiado fácil de adivinar: es una sola palabra.
strength-name = Demasiado fácil de adivinar: es un nombre.
strength-time = Quien robara este ordenador tardaría en adivinarla { $time }.
time-moment = un momento
time-minutes = { $count ->
    [one] un minuto
   *[other] { $count } minutos
}
time-hours = { $count ->
    [one] una hora
   *[other] { $count } horas
}
time-days = { $count ->
    [one] un día
   *[other] { $count } días
}
time-months = { $count ->
    [one] un mes
   *[other] { $count } meses
}
time-years = { $count ->
    [one] un año
   *[other] { $count } años
}
time-centuries = siglos
unlock-title = Hola de nuevo
unlock-text = Escribe tu frase de paso para abrir tu cuenta.
unlock = Desbloquear
unlocking = Desbloqueando…
restore-title = ¿Qué copia de seguridad?
restore-text = Una copia es un archivo sellado. Se abre con la frase de paso con la que se hizo.
restore-choose = Elige el archivo de la copia
restore-reading = Leyendo el archivo…
restore-passphrase-title = La frase de paso de esta copia
restore-passphrase-text = Será la frase de paso de la cuenta en este ordenador.
restore-checking = Comprobando la copia…
restore-found-title = Esta copia está completa
restore-found = Hecha el { $date }, con { $contacts ->
    [one] un contacto
   *[other] { $contacts } contactos
} y { $messages ->
    [one] un mensaje
   *[other] { $messages } mensajes
}.
restore-warning = Usa la cuenta en un solo ordenador. Si sigue en marcha en otro sitio, detenla allí para siempre.
restore-now = Recuperar esta cuenta
restoring = Recuperando…

## Inicio
start-ready = Tu cuenta está lista
start-title = Aquí no hay nadie todavía
start-text = ¿Te han dado una invitación? Entonces puedes escribir enseguida. Si no, invita a alguien. No hace falta esperar a la red.
start-relay = Opcional: añadir un relé
start-relay-text = Un relé guarda mensajes para ti mientras no estás. No puede leerlos. Pide una dirección a un amigo; con una invitación no hace falta para empezar.
start-relay-done = Un relé guarda mensajes para ti mientras no estás.
start-invite = Invitar a alguien
start-invite-text = Crea un enlace para una persona y entrégaselo.
start-invite-done = Hay una invitación entregada. Quien la use aparecerá aquí en la lista.
start-redeem = Usar una invitación
start-redeem-text = Alguien te ha dado un enlace o un código QR.
start-choose = Elige una conversación para leer y escribir.

## Conversaciones
chats = Conversaciones
chats-none = Todavía no hay conversaciones.
new-contact = Contacto nuevo
requests-waiting = { $count ->
    [one] Una persona quiere hablar contigo
   *[other] { $count } personas quieren hablar contigo
}
draft = Borrador:
no-messages = Todavía no hay mensajes
unread = { $count ->
    [one] un mensaje sin leer
   *[other] { $count } mensajes sin leer
}
verified = Verificado
unverified = Sin verificar
changed = El número de seguridad ha cambiado

## Conversación
conversation = Conversación
back-to-chats = Volver a las conversaciones
messages-with = Mensajes con { $name }
loading-older = Cargando mensajes anteriores…
new-messages = Nuevos
to-newest = Al mensaje más reciente
conversation-empty = Todavía no se ha dicho nada. Escribe el primer mensaje.
conversation-empty-waiting = Ya puedes escribir. Tus mensajes saldrán en cuanto respondan.
write-message = Escribe un mensaje
write-to = Mensaje para { $name }
send = Enviar
send-again = Enviar otra vez
show-all = Mostrar todo
show-less = Mostrar menos
room-left = Quedan { $left } bytes
too-long = Demasiado largo para un mensaje: sobran { $over } bytes. Envíalo en partes.
said-by = { $who }:
day-today = Hoy
day-yesterday = Ayer
announce-message = Mensaje nuevo de { $name }
announce-text = { $name }: { $text }
announce-request = Alguien quiere hablar contigo
emoji = Emoji
emoji-search = Buscar emoji
emoji-nothing = No se ha encontrado ningún emoji.
emoji-groups = Tipos de emoji
emoji-smileys = Caras
emoji-people = Personas y manos
emoji-nature = Animales y naturaleza
emoji-food = Comida y bebida
emoji-travel = Viajes y lugares
emoji-activities = Actividades
emoji-objects = Objetos
emoji-symbols = Símbolos
emoji-flags = Banderas

## Dónde está un mensaje
state-waiting-contact = Espera a que acepten
state-waiting-contact-text = Está guardado aquí y saldrá en cuanto respondan.
state-held = Retenido
state-held-text = Está guardado aquí y por ahora no sale.
state-waiting-network = Esperando la red
state-waiting-network-text = Está guardado aquí y saldrá por sí solo en cuanto la red esté lista.
state-waiting-relay = Esperando un relé
state-waiting-relay-text = Todavía no se ha podido llegar ni a su dispositivo ni a un relé. Se reintenta por sí solo.
state-sending = En camino
state-sending-text = Se está entregando ahora.
state-at-relay = Le espera en { $stored } de { $of } relés
state-at-relay-text = { $stored ->
    [one] Un relé lo guarda
   *[other] { $stored } relés lo guardan
} hasta que su dispositivo lo recoja. Ningún relé puede leerlo.
state-delivered = En su dispositivo
state-delivered-text = Su dispositivo lo tiene y lo ha confirmado.
state-read = Leído
state-read-text = Lo han visto.
state-damaged = Dañado
state-damaged-text = Lo que decía ya no se puede leer aquí.
state-failed = No enviado
state-failed-text = No ha llegado y no se volverá a intentar por sí solo.
state-received = Recibido
state-received-text = Ha llegado completo y sin cambios de este contacto.
state-unreadable = Un mensaje que no se ha podido leer
state-unreadable-text = Ha llegado algo de este contacto que no se ha podido abrir.

## Lo que es raro en un contacto
contact-blocked = Has bloqueado a este contacto
contact-blocked-text = No se recoge nada suyo ni se le envía nada. No se le avisa.
contact-fetching = Se está buscando su invitación
contact-fetching-text = Ya puedes escribir; saldrá después.
contact-requested = Todavía no han respondido
contact-requested-text = Lo verán la próxima vez que se conecten. Ya puedes escribir; saldrá después.
contact-failed = No se ha podido conectar
contact-failed-text = Pide una invitación nueva.
contact-damaged = Lo guardado sobre este contacto está dañado
contact-damaged-text = Todavía puedes leer lo que queda. Para seguir escribiendo, usad una invitación nueva.
contact-changed = El número de seguridad ha cambiado
contact-changed-text = Puede ser un dispositivo nuevo u otra persona. No se envía nada hasta que lo compares de nuevo o decidas seguir.
contact-repairing = Se están haciendo claves nuevas
contact-repairing-text = Lo que escribas mientras tanto saldrá después.
contact-missing = { $count ->
    [one] Falta aquí uno de sus mensajes
   *[other] Faltan aquí { $count } de sus mensajes
}
contact-missing-text = Se ha pedido y llegará por sí solo.
go-on-without = Seguir sin comparar

## Contacto
contact = Contacto
name-chosen-by-them = Este nombre lo ha elegido esa persona
name-chosen-by-you = El nombre que le has puesto tú. Se hace llamar:
rename = Cambiar el nombre
rename-title = ¿Cómo llamas a esta persona?
rename-label = Nombre, solo para ti
rename-hint = No se le avisa. Déjalo vacío para volver a «{ $name }», como se hace llamar.
rename-hint-nameless = No se le avisa. No se ha puesto ningún nombre.
more-actions = Más acciones
block = Bloquear
block-title = ¿Bloquear a este contacto?
block-text = Desde ahora no se recoge nada suyo ni se le envía nada. No se le avisa. Puedes desbloquear más tarde; lo que haya escrito mientras tanto llegará entonces.
unblock = Desbloquear
repair = Reparar esta conversación
repair-text = Se hacen claves nuevas. Hazlo cuando en un lado ya no se puedan leer los mensajes. No se pierde nada; tarda hasta que ambos os hayáis conectado.
repair-begun = Se están haciendo claves nuevas.
safety-number = Número de seguridad
safety-later = Habrá algo que comparar en cuanto respondan.
unverified-title = Sin verificar todavía
unverified-text = Comparad el número de seguridad por teléfono o en persona y sabréis que nadie está en medio.
compare = Comparar el número de seguridad
by-emoji = Emoji
by-digits = Cifras
by-code = Código QR
compare-how = Abrid esta página en ambos lados y leedlo en voz alta. Por teléfono o en persona; no en esta conversación.
they-match = Son iguales
if-they-differ = Si no son iguales, alguien puede estar leyendo. No escribas nada secreto y usad una invitación nueva.
unverify = Quitar la marca
verified-now = Verificado. Se te avisará si el número de seguridad cambia alguna vez.
verified-by-emoji = Por emoji, { $date }
verified-by-digits = Por cifras, { $date }
verified-by-code = Por código QR, { $date }
safety-code = El número de seguridad como código QR
safety-code-image = Leer su código QR de una imagen

## Detalles del mensaje
message-details = Detalles del mensaje
copy-text = Copiar el texto
next-try = Próximo intento: { $when }.
give-up = No enviarlo
give-up-title = ¿No enviar este mensaje?
give-up-text = Todavía no ha salido de este ordenador, y ya nunca saldrá.
given-up = No se enviará.
ways = Caminos que puede seguir
way-relay = Relé
way-direct = Directo a su dispositivo
way-kept = Está guardado allí.
way-trying = Va hacia allí ahora.
way-waiting = Se intentará más tarde.
way-unused = No se usa.
history = Lo que ha pasado hasta ahora
step-written = Escrito y guardado aquí
step-sealed = Cifrado para esa persona
step-sealed-anew = Cifrado otra vez con claves nuevas
step-unread-there = No se pudo leer allí; enviado otra vez
step-kept-by-relay = Guardado por el relé { $relay }
step-put-again = Entregado otra vez a un relé
step-delivered-direct = Recogido por su dispositivo
step-delivered-receipt = Su dispositivo lo ha confirmado
step-failed = Ha fallado
step-given-up = Decidiste no enviarlo
step-read = Lo han leído
step-damaged = Lo que pasó antes ya no se puede leer
step-arrived = Ha llegado aquí

## Red
network = Red
network-off = La red está apagada
network-off-text = Está apagada mientras tu cuenta está bloqueada.
network-starting = Conectando con Tor, { $percent } %
network-starting-text = Tor oculta dónde estás. La primera vez puede tardar un minuto. Mientras tanto puedes escribir; los mensajes saldrán por sí solos.
network-ready = Conectado a través de Tor
network-ready-text = Todo pasa por Tor. Nadie ve dónde estás.
network-without-tor = Sin Tor
network-without-tor-text = Este programa se inició sin Tor, para hacer pruebas en un solo ordenador. Aquello a lo que se conecta ve dónde estás. Para usarlo de verdad, inícialo de nuevo sin esa opción.
network-blocked = No se puede llegar a Tor
network-blocked-text = Sin Tor no sale nada de este ordenador. Lo que escribas se guarda y saldrá por sí solo más tarde.
network-takes-a-minute = Oculta dónde estás; puede tardar un minuto
network-safe = Los mensajes esperan aquí a salvo
network-progress = Avance de la conexión
retrying-now = Se reintenta todo lo que espera.
relays = Relés
relays-text = Un relé guarda mensajes para ti mientras no estás. No puede leer ninguno ni sabe quién eres.
relays-none = Todavía no tienes un relé propio. Hasta que añadas uno, te llegan mensajes por el relé de la invitación que usaste, o cuando ambos estáis conectados.
relays-none-short = Todavía sin relé
relays-in-use = { $count ->
    [one] Un relé
   *[other] { $count } relés
}
relays-silent = { $count ->
    [one] Un relé no responde
   *[other] { $count } relés no responden
}
relays-show = { $count ->
    [0] Añadir un relé
    [one] Mostrar el relé
   *[other] Mostrar { $count } relés
}
relay-add = Añadir un relé
relay-added = El relé se usa desde ahora.
relay-what = Quien lleva un relé te da su dirección: pregunta a quien te habló de Hushwing, o lleva uno en un ordenador siempre encendido. Dos relés de personas distintas son mejores que uno.
relay-address = Dirección del relé
relay-address-hint = Empieza por «hushwing-relay:».
relay-image = Leer su código QR de una imagen
relay-is-invite = Esto es una invitación, no un relé. Úsala en «Usar una invitación».
relay-missing = Escribe o pega la dirección de un relé.
relay-menu = Qué hacer con el relé { $address }
relay-test = Probarlo
relay-testing = Preguntando al relé…
relay-answered = Ha respondido en { $ms } ms y acepta mensajes nuevos.
relay-full = Ha respondido en { $ms } ms, pero ahora no acepta mensajes nuevos.
relay-copy = Copiar su dirección
relay-remove = Quitarlo
relay-remove-title = ¿Quitar este relé?
relay-remove-text = Se dice a tus contactos adónde van los mensajes desde ahora. Lo que espera allí se recoge hasta que lo sepan.
relay-unknown = Sin probar todavía
relay-reachable = Responde
relay-unreachable = No responde
relay-role-told = · Tus contactos dejan mensajes ahí
relay-role-spare = · De reserva, ocupa el lugar de otro
relay-role-resting = · Descansa hasta que responda con regularidad
stuck = Lo que está atascado
finding-damaged = Algo de tu cuenta está dañado
finding-no-relay = No tienes ningún relé
finding-own-relay = Un relé tuyo no responde
finding-their-relay = El relé de un contacto no responde
finding-unreachable = No se puede llegar a un contacto
finding-undelivered = Hay mensajes que esperan a un contacto
finding-held = Hay mensajes retenidos
finding-missing = Faltan aquí mensajes de un contacto
finding-repairing = Se hacen claves nuevas para una conversación
finding-succeeding = Un contacto no conoce todavía tu nueva identidad
finding-invite = Una invitación no se puede usar todavía
finding-limit = Una cola está llena

## Invitaciones y solicitudes
invite-title = Invitar a alguien
invite-text = Recibes un enlace para una persona. Entrégalo donde nadie más lea: quien lo tenga puede usarlo una vez.
invite-no-relay = Todavía no tienes un relé
invite-no-relay-text = Sin él, una invitación no se puede usar mientras no estés en línea.
your-name = Tu nombre, como lo verá esa persona
your-name-hint = Lo que quieras, o nada. Solo lo ve esta persona.
invite-valid = El enlace sirve durante
one-day = Un día
one-week = Una semana
one-month = 30 días
invite-policy = Cuando alguien lo use
invite-accept = Se convierte en contacto al momento
invite-accept-text = Para un enlace que solo puede ver una persona.
invite-ask = Preguntarme antes
invite-ask-text = Para un enlace que otros también podrían ver.
invite-make = Crear el enlace
invite-another = Crear otro
invite-hand-over = Da este enlace a una persona, donde nadie más pueda verlo.
invite-publishing = Casi listo
invite-publishing-text = Se puede usar en cuanto lo tenga un relé. Ya puedes entregarlo.
invite-ready = Listo para usar
invite-asked = Respondido: mira quién quiere hablar contigo
invite-used = Alguien ha usado este enlace
invite-over-text = Ya está en tu lista, o pide estarlo.
invite-expired = Caducado
invite-damaged = Dañado: solo se puede retirar
invite-ends = Termina el { $date }
invite-code = La invitación como código QR
invite-used-twice = Alguien ha usado por segunda vez una de tus invitaciones y ha sido rechazado. Pregunta a quien se la diste quién más la ha visto.
invites-open = Tus otras invitaciones
copy-link = Copiar el enlace
show-code = Mostrar como código QR
hide-code = Ocultar el código QR
revoke = Anular este enlace
redeem = Conectar
redeem-title = Usar una invitación
redeem-link = El enlace que te han dado
redeem-link-hint = Empieza por «hushwing:».
redeem-brought = Este enlace se abrió en otro programa o en una página web. Conéctate solo si te lo dio alguien que conoces.
redeem-image = Leer el código QR de una imagen
link-missing = Pega primero el enlace.
requests = Personas que quieren hablar contigo
requests-none = Ahora mismo, nadie.
request-since = Desde el { $date }
request-blocked = Bloqueado
request-name-hint = El nombre lo ha elegido esa persona; puede ser cualquiera que tuviera tu enlace.
request-used-twice = Otra persona ha respondido al mismo enlace. Una de las dos no es a quien se lo diste; compara antes de aceptar.
accept = Aceptar
refuse = Rechazar

## Ajustes
settings = Ajustes
appearance = Idioma y aspecto
theme = Colores
theme-light = Claro
theme-dark = Oscuro
as-system = Como el sistema
contrast = Contraste
contrast-more = Mayor
motion = Movimiento
motion-less = Ninguno
privacy = Privacidad
delivery = Cómo viajan los mensajes
delivery-automatic = Automático
delivery-automatic-text = Directo a su dispositivo cuando está en línea; si no, por relés. Los contactos pueden notar cuándo estás en línea.
delivery-relay-only = Solo por relés
delivery-relay-only-text = Más lento, y los contactos no ven cuándo estás en línea.
delivery-direct-only = Solo directo a su dispositivo
delivery-direct-only-text = Ningún relé ve nada, pero ambos tenéis que estar en línea a la vez.
read-reports = Decir cuándo he leído algo
read-reports-text = Es cosa de ambos: a quien no lo dice, no se le dice.
backup = Copia de seguridad
backup-text = Un archivo sellado con toda tu cuenta. Guárdalo en otro sitio; se abre con tu frase de paso de hoy.
backup-passphrase = Tu frase de paso
backup-make = Hacer una copia
backup-making = Haciendo la copia…
backup-not-kept = La copia no se guardó en ningún sitio. Hazla otra vez.
backup-made = La copia se ha hecho y comprobado: { $contacts ->
    [one] un contacto
   *[other] { $contacts } contactos
}, { $messages ->
    [one] un mensaje
   *[other] { $messages } mensajes
}. Comprueba que se haya guardado donde quieres.
lock-title = Bloquear
lock-text = Olvida todas las claves y se desconecta. Necesitas tu frase de paso para volver.
about = Hushwing { $version }. Software libre, todavía sin auditoría externa.
licences = Licencias de terceros

## Teclado
palette-title = ¿Qué quieres hacer?
palette-hint = Nombre de una conversación o de una acción
action-palette = Encontrar cualquier cosa
action-search = Buscar en las conversaciones
action-search-here = Buscar en esta conversación
action-next-chat = Conversación siguiente
action-previous-chat = Conversación anterior
action-write = Escribir un mensaje
action-details = Detalles del contacto
action-invite = Invitar a alguien
action-redeem = Usar una invitación
action-requests = Quién quiere hablar contigo
action-network = Red y relés
action-retry = Reintentar todo ahora
action-settings = Ajustes
action-shortcuts = Atajos de teclado
action-lock = Bloquear ahora
key-send = Enviar el mensaje
key-line = Empezar una línea nueva
key-up = Desde un campo vacío: a los mensajes
key-open = En un mensaje: sus detalles
key-close = Cerrar lo que está abierto
on-key-ctrl = Ctrl
on-key-alt = Alt
on-key-shift = Mayús
on-key-enter = Intro
on-key-escape = Esc

## Fallos, por su código
error-locked = Tu cuenta está bloqueada. Desbloquéala primero.
error-no-vault = Aquí no hay ninguna cuenta todavía.
error-vault-exists = Aquí ya hay una cuenta; no se ha cambiado nada.
error-wrong-passphrase = Esta no es la frase de paso correcta. No se ha cambiado nada; inténtalo otra vez.
error-vault-in-use = Otro programa tiene abierta esta cuenta. Ciérrala allí primero.
error-vault-unusable = Los archivos de la cuenta están dañados o son de una versión más nueva.
error-bad-input = Esto no se puede usar.
error-not-found = Eso ya no existe.
error-refused = Se ha rechazado.
error-not-arrived = Algo que escribiste no ha llegado todavía. No se ha cambiado nada.
error-unreachable = Ahora no se puede llegar. Inténtalo más tarde.
error-mismatch = No son iguales. Alguien puede estar en medio: no escribas nada secreto y comparad otra vez.
error-limit = Es demasiado a la vez. Espera un poco e inténtalo de nuevo.
error-too-soon = Se intentó demasiadas veces. Espera un poco y vuelve a intentarlo.
error-too-soon-seconds = Demasiadas frases de paso equivocadas seguidas. Puedes volver a intentarlo en { $count ->
    [one] un segundo
   *[other] { $count } segundos
}. Con cada otra equivocada se alarga.
pause-left = { $count ->
    [one] Un segundo más
   *[other] { $count } segundos más
}
pause-over = Ya puedes volver a intentarlo.
error-machine = Algo ha fallado en este ordenador. No se ha perdido nada; inténtalo de nuevo.
error-stranger = Esta página ya no pertenece a un Hushwing en marcha.
error-silent = Hushwing no responde. Quizá se ha detenido.

## Buscar, eliminar, bloquear
found-title = En los mensajes
found-here = Solo con { $name }
found-mine = A
found-count = { $count ->
    [one] Un mensaje encontrado
   *[other] { $count } mensajes encontrados
}
found-count-more = { $count ->
    [one] El mensaje más reciente encontrado; hay más
   *[other] Los { $count } mensajes más recientes encontrados; hay más
}
found-looking = Buscando…
found-nothing = Ningún mensaje tiene todas estas palabras. Prueba con menos, o solo con el comienzo de una.
found-widen = Buscar en todas las conversaciones y fechas
found-begin = Escribe palabras que estén en el mensaje.
found-incomplete = Los mensajes más antiguos aún se están preparando para la búsqueda. Vuelve a buscar en unos minutos.
found-times = Solo en cierto tiempo
found-first-day = Primer día
found-last-day = Último día
found-backwards = El último día es anterior al primero.
found-more = Mostrar más antiguos
found-this = Este es el mensaje que buscabas.
passphrase-change = Cambiar la frase de paso
passphrase-changing = Cambiándola…
passphrase-changed = Desde ahora abre tu cuenta la frase de paso nueva. Las copias hechas antes siguen necesitando la antigua.
passphrase-present = Frase de paso actual
passphrase-new = La nueva
passphrase-differs-here = No es igual que la nueva de arriba.
passphrase-same = Es la frase de paso actual. Elige otra.
passphrase-change-warning = Nadie puede recuperar una frase de paso olvidada. Las copias que has hecho siguen abriéndose con la antigua.
lock-after = Bloquear sola si no se usa
lock-never = Nunca
lock-minutes = { $count ->
    [one] Tras un minuto
   *[other] Tras { $count } minutos
}
lock-hours = { $count ->
    [one] Tras una hora
   *[other] Tras { $count } horas
}
lock-after-text = Mientras está bloqueada no se envía ni se recoge nada.
wipe-title = Eliminar esta cuenta
wipe-short = Destruye para siempre todo lo de esta cuenta en este ordenador.
wipe-begin = Eliminar la cuenta…
wipe-text = Tus mensajes, contactos y claves se destruyen en este ordenador. Lo que escribiste y aún no ha llegado se pierde. No se avisa a tus contactos, y ellos conservan lo que les llegó.
wipe-warning = No se puede deshacer. Solo una copia guardada en otro lugar puede devolver la cuenta.
wipe-type = Escribe «{ $word }» para seguir
wipe-word = eliminar
wipe-word-differs = Escribe «{ $word }», para que nada se elimine por error.
wipe-action = Eliminar para siempre
wiping = Eliminando…
wiped = La cuenta está eliminada
wiped-text = Sus claves y archivos se han quitado de este ordenador. Una copia guardada en otro lugar puede devolverla; destrúyela también si eso no debe pasar.
delete = Eliminar
delete-history = Eliminar todos los mensajes
delete-contact = Eliminar el contacto
delete-message-title = ¿Eliminar este mensaje?
delete-message-text = Se elimina de este ordenador para siempre. El otro lado conserva el suyo.
delete-history-title = ¿Eliminar todos los mensajes con este contacto?
delete-history-text = Se eliminan de este ordenador para siempre. El contacto se queda, y el otro lado conserva los suyos.
delete-contact-title = ¿Eliminar este contacto?
delete-contact-text = Con él se van todos los mensajes y las claves, para siempre, en este ordenador. No se le avisa; lo que aún envíe nunca se recoge. Para volver a escribir hace falta una invitación nueva.
delete-unsent-text = Algo aún no ha llegado a su dispositivo. Lo que no ha salido de este ordenador ya no saldrá; el resto llegará allí de todos modos.
delete-all-the-same = Eliminar de todos modos
deleted-message = El mensaje se ha eliminado de este ordenador.
deleted-history = Se han eliminado todos los mensajes de este ordenador.
deleted-contact = El contacto se ha eliminado de este ordenador.

## La ventana de escritorio
window-open = Abrir Hushwing
window-lock = Bloquear
window-quit = Salir
window-save = Guardar el archivo
window-save-accept = Guardar
window-no-program = Falta el programa «hushwing». Ponlo junto al programa de esta ventana o en tu ruta y vuelve a intentarlo.
window-not-started = No se pudo iniciar Hushwing.
window-refused = Hushwing está en marcha, pero no se pudo abrir.
window-stopped = Hushwing se ha detenido. Hasta que vuelva a funcionar no se envía ni se recibe nada; no se pierde nada.
window-no-invite = Lo que se abrió no es un enlace de invitación, así que no se hizo nada. Copia el enlace de nuevo o pégalo en el diálogo que acepta invitaciones.
window-lock-failed = No se pudo bloquear la cuenta.
