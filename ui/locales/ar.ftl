# Hushwing بالعربية.

app-name = Hushwing
title-unread = ({ $count }) Hushwing
language = اللغة

## أجزاء مشتركة
back = رجوع
cancel = إلغاء
close = إغلاق
continue = متابعة
done = تم
copied = تم النسخ
copy-failed = تعذّر النسخ. حدّد النص وانسخه يدويًا.
menu = القائمة
retry-now = أعد المحاولة الآن
search = بحث
search-nothing = لم يُعثر على شيء.
you = أنت
no-name = بلا اسم
off = لا
on = نعم
hidden-character = حرف لا يُرى
qr-nothing = لم يُعثر على رمز QR في هذه الصورة. جرّب صورة أوضح أو صورة لا تُظهر إلا الرمز.
file-drop = اختر ملفًا أو أفلته هنا أو الصقه

## فتح الصفحة
opening-title = لحظة من فضلك
opening-text = نتحقق من أن Hushwing يعمل.
closed-title = افتح Hushwing من جديد
closed-text = لم تعد هذه الصفحة تابعة لبرنامج Hushwing يعمل. شغّله من قائمتك أو بهذا الأمر؛ لم يضع شيء.
closed-text-window = لم تعد هذه الصفحة تابعة لبرنامج Hushwing يعمل. لم يضع شيء.
closed-again = افتحه من جديد
daemon-gone = Hushwing لا يجيب. ربما أُوقف؛ ستعيد هذه الصفحة المحاولة تلقائيًا.

## أول مرة
welcome-title = تحدّث دون أن يراقبك أحد
welcome-text = لا يحتاج Hushwing إلى رقم هاتف ولا بريد إلكتروني ولا اسم. حسابك موجود على هذا الحاسوب وحده.
welcome-create = إنشاء حساب
welcome-create-text = يستغرق دقيقة. تختار فيها عبارة مرور. لديك رابط من صديق؟ تلصقه بعد ذلك مباشرة.
welcome-restore = استعادة من نسخة احتياطية
welcome-restore-text = أعِد حسابًا من ملف نسخة احتياطية.
passphrase = عبارة المرور
passphrase-again = عبارة المرور نفسها مرة أخرى
passphrase-show = إظهار عبارة المرور
passphrase-title = اختر عبارة مرور
passphrase-text = إنها تقفل كل شيء على هذا الحاسوب: رسائلك وجهات اتصالك ومفاتيحك.
passphrase-too-weak = أضف كلمات حتى يصبح الشريط أخضر.
passphrase-missing = اكتب عبارة المرور.
passphrase-differs = العبارتان غير متطابقتين. اكتبها مرة أخرى، أو ارجع واختر غيرها.
repeat-title = اكتبها مرة أخرى
repeat-text = كي لا تمنعك زلّة إصبع من الدخول.
repeat-warning = لا يستطيع أحد استرجاع عبارة مرور منسية، ولا نحن. دوّنها واحفظها في مكان آمن.
create-account = إنشاء الحساب
creating = جارٍ الإنشاء…
strength-advice = خمس كلمات أو أكثر لا علاقة بينها خيار جيد ويسهل تذكّره.
strength-more = كافية. كلمة أخرى تجعلها أقوى بكثير.
strength-enough = قوية.
strength-weak = يسهل تخمينها.
strength-keyboard = يسهل تخمينها: تتبع ترتيب لوحة المفاتيح.
strength-repeats = يسهل تخمينها: فيها تكرار.
strength-sequence = يسهل تخمينها: هي تسلسل.
strength-date = يسهل تخمينها: فيها تاريخ أو سنة.
strength-common = يسهل تخمينها: يستخدمها كثيرون.
strength-single-word = يسهل تخمينها: هي كلمة واحدة.
strength-name = يسهل تخمينها: هي اسم.
strength-time = من يسرق هذا الحاسوب يحتاج لتخمينها إلى { $time }.
time-moment = لحظة
time-minutes = { $count ->
    [one] دقيقة
    [two] دقيقتين
    [few] { $count } دقائق
   *[other] { $count } دقيقة
}
time-hours = { $count ->
    [one] ساعة
    [two] ساعتين
    [few] { $count } ساعات
   *[other] { $count } ساعة
}
time-days = { $count ->
    [one] يوم
    [two] يومين
    [few] { $count } أيام
   *[other] { $count } يومًا
}
time-months = { $count ->
    [one] شهر
    [two] شهرين
    [few] { $count } أشهر
   *[other] { $count } شهرًا
}
time-years = { $count ->
    [one] سنة
    [two] سنتين
    [few] { $count } سنوات
   *[other] { $count } سنة
}
time-centuries = قرون
unlock-title = أهلًا بعودتك
unlock-text = اكتب عبارة المرور لفتح حسابك.
unlock = فتح القفل
unlocking = جارٍ فتح القفل…
restore-title = أي نسخة احتياطية؟
restore-text = النسخة الاحتياطية ملف واحد مختوم. تُفتح بعبارة المرور التي أُنشئت بها.
restore-choose = اختر ملف النسخة الاحتياطية
restore-reading = جارٍ قراءة الملف…
restore-passphrase-title = عبارة مرور هذه النسخة
restore-passphrase-text = ستصبح عبارة مرور الحساب على هذا الحاسوب.
restore-checking = جارٍ فحص النسخة…
restore-found-title = هذه النسخة سليمة
restore-found = أُنشئت { $date }، وفيها { $contacts ->
    [zero] لا جهات اتصال
    [one] جهة اتصال واحدة
    [two] جهتا اتصال
    [few] { $contacts } جهات اتصال
   *[other] { $contacts } جهة اتصال
} و{ $messages ->
    [zero] لا رسائل
    [one] رسالة واحدة
    [two] رسالتان
    [few] { $messages } رسائل
   *[other] { $messages } رسالة
}.
restore-warning = استخدم الحساب على حاسوب واحد فقط. إن كان ما زال يعمل في مكان آخر فأوقفه هناك نهائيًا.
restore-now = استعادة هذا الحساب
restoring = جارٍ الاستعادة…

## البداية
start-ready = حسابك جاهز
start-title = لا أحد هنا بعد
start-text = هل أعطاك أحد دعوة؟ إذن يمكنك الكتابة فورًا. وإلا فادعُ شخصًا. لا حاجة إلى انتظار الشبكة.
start-relay = اختياري: إضافة مُرحِّل
start-relay-text = يحفظ المُرحِّل رسائلك وأنت غائب، ولا يستطيع قراءتها. اطلب عنوانًا من صديق؛ ومن لديه دعوة لا يحتاج إليه في البداية.
start-relay-done = هناك مُرحِّل يحفظ رسائلك وأنت غائب.
start-invite = دعوة شخص
start-invite-text = أنشئ رابطًا لشخص واحد وسلّمه له.
start-invite-done = هناك دعوة قائمة. من يستخدمها يظهر هنا في القائمة.
start-redeem = استخدام دعوة
start-redeem-text = أعطاك شخص رابطًا أو رمز QR.
start-choose = اختر محادثة للقراءة والكتابة.

## المحادثات
chats = المحادثات
chats-none = لا محادثات بعد.
new-contact = جهة اتصال جديدة
requests-waiting = { $count ->
    [one] شخص يريد التحدث معك
    [two] شخصان يريدان التحدث معك
    [few] { $count } أشخاص يريدون التحدث معك
   *[other] { $count } شخصًا يريدون التحدث معك
}
draft = مسودة:
no-messages = لا رسائل بعد
unread = { $count ->
    [one] رسالة غير مقروءة
    [two] رسالتان غير مقروءتين
    [few] { $count } رسائل غير مقروءة
   *[other] { $count } رسالة غير مقروءة
}
verified = تم التحقق
unverified = لم يتم التحقق
changed = تغيّر رقم الأمان

## المحادثة
conversation = المحادثة
back-to-chats = رجوع إلى كل المحادثات
messages-with = الرسائل مع { $name }
loading-older = جارٍ جلب الرسائل الأقدم…
new-messages = جديد
to-newest = إلى أحدث رسالة
conversation-empty = لم يُكتب شيء بعد. اكتب أول رسالة.
conversation-empty-waiting = يمكنك الكتابة الآن. ستُرسل رسائلك بمجرد أن يصل الرد.
write-message = اكتب رسالة
write-to = رسالة إلى { $name }
send = إرسال
send-again = أرسل مرة أخرى
show-all = إظهار الكل
show-less = إظهار أقل
room-left = بقي { $left } بايت
too-long = أطول من رسالة واحدة بمقدار { $over } بايت. أرسلها على أجزاء.
said-by = { $who }:
day-today = اليوم
day-yesterday = أمس
announce-message = رسالة جديدة من { $name }
announce-text = { $name }: { $text }
announce-request = شخص يريد التحدث معك
emoji = رموز تعبيرية
emoji-search = ابحث عن رمز تعبيري
emoji-nothing = لم يُعثر على رمز تعبيري.
emoji-groups = أنواع الرموز التعبيرية
emoji-smileys = وجوه
emoji-people = أشخاص وأيدٍ
emoji-nature = حيوانات وطبيعة
emoji-food = طعام وشراب
emoji-travel = سفر وأماكن
emoji-activities = أنشطة
emoji-objects = أشياء
emoji-symbols = رموز
emoji-flags = أعلام

## أين الرسالة
state-waiting-contact = تنتظر القبول
state-waiting-contact-text = هي محفوظة هنا بأمان وستُرسل بمجرد وصول الرد.
state-held = موقوفة
state-held-text = هي محفوظة هنا بأمان ولا تُرسل حاليًا.
state-waiting-network = تنتظر الشبكة
state-waiting-network-text = هي محفوظة هنا بأمان وستُرسل تلقائيًا حين تجهز الشبكة.
state-waiting-relay = تنتظر مُرحِّلًا
state-waiting-relay-text = لم يمكن الوصول بعد إلى جهازهم ولا إلى مُرحِّل. تُعاد المحاولة تلقائيًا.
state-sending = في الطريق
state-sending-text = يجري تسليمها الآن.
state-at-relay = تنتظرهم عند { $stored } من { $of } من المُرحِّلات
state-at-relay-text = { $stored ->
    [one] يحفظها مُرحِّل واحد
    [two] يحفظها مُرحِّلان
   *[other] تحفظها { $stored } مُرحِّلات
} حتى يجلبها جهازهم. لا يستطيع أي مُرحِّل قراءتها.
state-delivered = على جهازهم
state-delivered-text = هي على جهازهم، وقد أكّد الجهاز ذلك.
state-read = قُرئت
state-read-text = لقد رأوها.
state-damaged = تالفة
state-damaged-text = لم يعد ممكنًا قراءة ما فيها هنا.
state-failed = لم تُرسل
state-failed-text = لم تصل ولن تُعاد المحاولة تلقائيًا.
state-received = وصلت
state-received-text = وصلت كاملة ودون تغيير من جهة الاتصال هذه.
state-unreadable = رسالة تعذّرت قراءتها
state-unreadable-text = وصل شيء من جهة الاتصال هذه وتعذّر فتحه.

## ما هو غير معتاد في جهة اتصال
contact-blocked = لقد حظرت جهة الاتصال هذه
contact-blocked-text = لا يُجلب منها شيء ولا يُرسل إليها شيء. ولا يُقال لها ذلك.
contact-fetching = جارٍ جلب الدعوة
contact-fetching-text = يمكنك الكتابة الآن؛ ستُرسل بعد ذلك.
contact-requested = لم يصل الرد بعد
contact-requested-text = سيرون ذلك حين يتصلون في المرة القادمة. يمكنك الكتابة الآن؛ ستُرسل بعد ذلك.
contact-failed = تعذّر الاتصال
contact-failed-text = اطلب دعوة جديدة.
contact-damaged = ما حُفظ عن جهة الاتصال هذه تالف
contact-damaged-text = يمكنك قراءة ما بقي. لمواصلة الكتابة، استخدموا دعوة جديدة.
contact-changed = تغيّر رقم الأمان
contact-changed-text = قد يكون جهازًا جديدًا أو شخصًا آخر. لا يُرسل شيء حتى تقارنه من جديد أو تقرر المتابعة.
contact-repairing = يجري إنشاء مفاتيح جديدة
contact-repairing-text = ما تكتبه في هذه الأثناء يُرسل بعد ذلك.
contact-missing = { $count ->
    [one] تنقص هنا رسالة من رسائلهم
    [two] تنقص هنا رسالتان من رسائلهم
    [few] تنقص هنا { $count } رسائل من رسائلهم
   *[other] تنقص هنا { $count } رسالة من رسائلهم
}
contact-missing-text = طُلبت وستصل تلقائيًا.
go-on-without = المتابعة دون مقارنة

## جهة الاتصال
contact = جهة الاتصال
name-chosen-by-them = هذا الاسم من اختيار صاحبه
name-chosen-by-you = هذا اسم اخترته أنت. يسمي نفسه:
rename = تغيير الاسم
rename-title = بماذا تسمي جهة الاتصال هذه؟
rename-label = الاسم، لك وحدك
rename-hint = لا تُبلَّغ بذلك. اتركه فارغًا للعودة إلى «{ $name }»، الاسم الذي اختارته لنفسها.
rename-hint-nameless = لا تُبلَّغ بذلك. لم تختر لنفسها اسمًا.
more-actions = إجراءات أخرى
block = حظر
block-title = أتحظر جهة الاتصال هذه؟
block-text = من الآن لا يُجلب منها شيء ولا يُرسل إليها شيء. ولا يُقال لها ذلك. يمكنك إلغاء الحظر لاحقًا؛ وعندها يصل ما كتبته في هذه الأثناء.
unblock = إلغاء الحظر
repair = إصلاح هذه المحادثة
repair-text = تُنشأ مفاتيح جديدة. افعل ذلك حين تتعذر قراءة الرسائل عند أحد الطرفين. لا يضيع شيء؛ ويستغرق حتى يتصل كلاكما.
repair-begun = يجري إنشاء مفاتيح جديدة.
safety-number = رقم الأمان
safety-later = سيكون هناك ما تقارنه بمجرد وصول الرد.
unverified-title = لم يتم التحقق بعد
unverified-text = قارنا رقم الأمان هاتفيًا أو وجهًا لوجه، فتعلما أن لا أحد بينكما.
compare = مقارنة رقم الأمان
by-emoji = رموز تعبيرية
by-digits = أرقام
by-code = رمز QR
compare-how = افتحا هذه الصفحة عند الطرفين واقرآه بصوت مسموع. هاتفيًا أو وجهًا لوجه، لا في هذه المحادثة.
they-match = متطابقان
if-they-differ = إن اختلفا فقد يكون هناك من يقرأ معكما. لا تكتب شيئًا سريًا، واستخدما دعوة جديدة.
unverify = إلغاء التحقق
verified-now = تم التحقق. سنخبرك إن تغيّر رقم الأمان يومًا.
verified-by-emoji = بالرموز التعبيرية، { $date }
verified-by-digits = بالأرقام، { $date }
verified-by-code = برمز QR، { $date }
safety-code = رقم الأمان على هيئة رمز QR
safety-code-image = قراءة رمز QR الخاص بهم من صورة

## تفاصيل الرسالة
message-details = تفاصيل الرسالة
copy-text = نسخ النص
next-try = المحاولة القادمة: { $when }.
give-up = لا ترسلها
give-up-title = ألا تُرسل هذه الرسالة؟
give-up-text = لم تغادر هذا الحاسوب بعد، ولن تغادره بعدها أبدًا.
given-up = لن تُرسل.
ways = الطرق الممكنة لها
way-relay = مُرحِّل
way-direct = مباشرة إلى جهازهم
way-kept = محفوظة هناك.
way-trying = في الطريق إلى هناك الآن.
way-waiting = ستُجرّب لاحقًا.
way-unused = غير مستخدمة.
history = ما حدث حتى الآن
step-written = كُتبت وحُفظت هنا
step-sealed = شُفّرت لهم
step-sealed-anew = شُفّرت من جديد بمفاتيح جديدة
step-unread-there = تعذّرت قراءتها هناك؛ أُرسلت من جديد
step-kept-by-relay = حفظها المُرحِّل { $relay }
step-put-again = سُلّمت إلى مُرحِّل من جديد
step-delivered-direct = أخذها جهازهم
step-delivered-receipt = أكّد جهازهم وصولها
step-failed = فشلت
step-given-up = قررت ألا ترسلها
step-read = قرؤوها
step-damaged = لم يعد ممكنًا قراءة ما حدث قبل ذلك
step-arrived = وصلت إلى هنا

## الشبكة
network = الشبكة
network-off = الشبكة متوقفة
network-off-text = تتوقف ما دام حسابك مقفلًا.
network-starting = جارٍ الاتصال بشبكة Tor، { $percent } %
network-starting-text = تُخفي شبكة Tor مكانك. قد يستغرق ذلك دقيقة في المرة الأولى. يمكنك الكتابة في هذه الأثناء؛ ستُرسل الرسائل تلقائيًا.
network-ready = متصل عبر Tor
network-ready-text = كل شيء يمر عبر Tor. لا يرى أحد مكانك.
network-without-tor = من دون Tor
network-without-tor-text = شُغِّل هذا البرنامج من دون Tor، للتجربة على حاسوب واحد. كل ما يتصل به يرى مكانك. للاستعمال الحقيقي أعد تشغيله من دون هذا الخيار.
network-blocked = تعذّر الوصول إلى Tor
network-blocked-text = لا يغادر هذا الحاسوب شيء دون Tor. ما تكتبه يُحفظ ويُرسل تلقائيًا لاحقًا.
network-takes-a-minute = يُخفي مكانك؛ قد يستغرق ذلك دقيقة
network-safe = الرسائل تنتظر هنا بأمان
network-progress = تقدّم الاتصال
retrying-now = تُعاد محاولة كل ما ينتظر.
relays = المُرحِّلات
relays-text = يحفظ المُرحِّل رسائلك وأنت غائب. لا يستطيع قراءة أي منها ولا يعرف من أنت.
relays-none = ليس لديك مُرحِّل خاص بك بعد. إلى أن تضيف واحدًا، تصلك الرسائل عبر مُرحِّل الدعوة التي استخدمتها، أو حين يكون كلاكما متصلًا.
relays-none-short = لا مُرحِّل بعد
relays-in-use = { $count ->
    [one] مُرحِّل واحد
    [two] مُرحِّلان
    [few] { $count } مُرحِّلات
   *[other] { $count } مُرحِّلًا
}
relays-silent = { $count ->
    [one] مُرحِّل واحد لا يجيب
    [two] مُرحِّلان لا يجيبان
    [few] { $count } مُرحِّلات لا تجيب
   *[other] { $count } مُرحِّلًا لا يجيب
}
relays-show = { $count ->
    [0] إضافة مُرحِّل
    [one] إظهار المُرحِّل
    [two] إظهار المُرحِّلين
    [few] إظهار { $count } مُرحِّلات
   *[other] إظهار { $count } مُرحِّلًا
}
relay-add = إضافة مُرحِّل
relay-added = سيُستخدم المُرحِّل من الآن.
relay-what = من يشغّل مُرحِّلًا يعطيك عنوانه: اسأل من أخبرك عن Hushwing، أو شغّل واحدًا على حاسوب يعمل دائمًا. مُرحِّلان لشخصين مختلفين أفضل من واحد.
relay-address = عنوان المُرحِّل
relay-address-hint = يبدأ بـ ”hushwing-relay:“.
relay-image = قراءة رمز QR الخاص به من صورة
relay-is-invite = هذه دعوة وليست مُرحِّلًا. استخدمها في «استخدام دعوة».
relay-missing = اكتب عنوان مُرحِّل أو الصقه.
relay-menu = ماذا تفعل بالمُرحِّل { $address }
relay-test = اختباره
relay-testing = جارٍ سؤال المُرحِّل…
relay-answered = أجاب خلال { $ms } ms ويقبل رسائل جديدة.
relay-full = أجاب خلال { $ms } ms لكنه لا يقبل رسائل جديدة حاليًا.
relay-copy = نسخ عنوانه
relay-remove = إزالته
relay-remove-title = أتزيل هذا المُرحِّل؟
relay-remove-text = تُخبَر جهات اتصالك إلى أين تذهب الرسائل من الآن. وما ينتظر هناك يُجلب حتى تعلم.
relay-unknown = لم يُجرَّب بعد
relay-reachable = يجيب
relay-unreachable = لا يجيب
relay-role-told = · تترك جهات اتصالك الرسائل هناك
relay-role-spare = · احتياطي، يحل محل غيره
relay-role-resting = · يستريح حتى ينتظم جوابه
stuck = ما هو عالق
finding-damaged = شيء في حسابك تالف
finding-no-relay = ليس لديك مُرحِّل
finding-own-relay = مُرحِّل لك لا يجيب
finding-their-relay = مُرحِّل لجهة اتصال لا يجيب
finding-unreachable = تعذّر الوصول إلى جهة اتصال
finding-undelivered = رسائل تنتظر جهة اتصال
finding-held = رسائل موقوفة
finding-missing = تنقص هنا رسائل من جهة اتصال
finding-repairing = يجري إنشاء مفاتيح جديدة لمحادثة
finding-succeeding = جهة اتصال لا تعرف هويتك الجديدة بعد
finding-invite = دعوة لا يمكن استخدامها بعد
finding-limit = قائمة انتظار ممتلئة

## الدعوات والطلبات
invite-title = دعوة شخص
invite-text = تحصل على رابط لشخص واحد. سلّمه حيث لا يقرأ أحد غيره: من يملكه يستطيع استخدامه مرة واحدة.
invite-no-relay = ليس لديك مُرحِّل بعد
invite-no-relay-text = من دونه لا يمكن استخدام الدعوة وأنت غير متصل.
your-name = اسمك كما سيرونه
your-name-hint = أي شيء، أو لا شيء. لا يراه إلا هذا الشخص.
invite-valid = مدة صلاحية الرابط
one-day = يوم
one-week = أسبوع
one-month = 30 يومًا
invite-policy = حين يستخدمه شخص
invite-accept = يصبح جهة اتصال فورًا
invite-accept-text = لرابط لا يراه إلا شخص واحد.
invite-ask = اسألني أولًا
invite-ask-text = لرابط قد يراه آخرون أيضًا.
invite-make = إنشاء الرابط
invite-another = إنشاء رابط آخر
invite-hand-over = أعط هذا الرابط لشخص واحد حيث لا يراه أحد غيره.
invite-publishing = يكاد يجهز
invite-publishing-text = يمكن استخدامه بمجرد أن يصل إلى مُرحِّل. يمكنك تسليمه الآن.
invite-ready = جاهزة للاستخدام
invite-asked = وصل الرد: انظر من يريد التحدث معك
invite-used = استخدم أحدهم هذا الرابط
invite-over-text = صار في قائمتك الآن، أو يطلب ذلك.
invite-expired = انتهت صلاحيتها
invite-damaged = تالفة: لا يمكن إلا سحبها
invite-ends = تنتهي { $date }
invite-code = الدعوة على هيئة رمز QR
invite-used-twice = استخدم شخص إحدى دعواتك مرة ثانية ورُفض. اسأل من أعطيته إياها: من رآها غيره؟
invites-open = دعواتك الأخرى
copy-link = نسخ الرابط
show-code = إظهار كرمز QR
hide-code = إخفاء رمز QR
revoke = إلغاء هذا الرابط
redeem = اتصال
redeem-title = استخدام دعوة
redeem-link = الرابط الذي أُعطي لك
redeem-link-hint = يبدأ بـ ”hushwing:“.
redeem-brought = فُتح هذا الرابط في برنامج آخر أو في صفحة ويب. اتصل فقط إن أعطاك إياه شخص تعرفه.
redeem-image = قراءة رمز QR من صورة
link-missing = الصق الرابط أولًا.
requests = أشخاص يريدون التحدث معك
requests-none = لا أحد الآن.
request-since = منذ { $date }
request-blocked = محظور
request-name-hint = الاسم من اختيار صاحبه؛ قد يكون أي شخص كان لديه رابطك.
request-used-twice = أجاب شخص آخر عن الرابط نفسه. أحدهما ليس من أعطيته الرابط؛ قارن قبل أن تقبل.
accept = قبول
refuse = رفض

## الإعدادات
settings = الإعدادات
appearance = اللغة والمظهر
theme = الألوان
theme-light = فاتحة
theme-dark = داكنة
as-system = كالنظام
contrast = التباين
contrast-more = أعلى
motion = الحركة
motion-less = بلا حركة
privacy = الخصوصية
delivery = كيف تُرسل الرسائل
delivery-automatic = تلقائيًا
delivery-automatic-text = مباشرة إلى جهازهم حين يكون متصلًا، وإلا فعبر المُرحِّلات. تستطيع جهات الاتصال معرفة متى تكون متصلًا.
delivery-relay-only = عبر المُرحِّلات فقط
delivery-relay-only-text = أبطأ، ولا ترى جهات الاتصال متى تكون متصلًا.
delivery-direct-only = مباشرة إلى جهازهم فقط
delivery-direct-only-text = لا يرى أي مُرحِّل شيئًا، لكن يجب أن تكونا متصلين معًا.
read-reports = إخبارهم حين أقرأ شيئًا
read-reports-text = الأمر متبادل: من لا يُخبر لا يُخبَر.
backup = النسخة الاحتياطية
backup-text = ملف واحد مختوم فيه حسابك كله. احفظه في مكان آخر؛ يُفتح بعبارة مرورك الحالية.
backup-passphrase = عبارة مرورك
backup-make = إنشاء نسخة احتياطية
backup-making = جارٍ إنشاء النسخة…
backup-not-kept = لم تُحفظ النسخة في أي مكان. أنشئها من جديد.
backup-made = أُنشئت النسخة وفُحصت: { $contacts ->
    [zero] لا جهات اتصال
    [one] جهة اتصال واحدة
    [two] جهتا اتصال
    [few] { $contacts } جهات اتصال
   *[other] { $contacts } جهة اتصال
}، { $messages ->
    [zero] لا رسائل
    [one] رسالة واحدة
    [two] رسالتان
    [few] { $messages } رسائل
   *[other] { $messages } رسالة
}. تأكد من أنها حُفظت حيث تريد.
lock-title = القفل
lock-text = ينسى كل المفاتيح ويقطع الاتصال. تحتاج إلى عبارة مرورك للعودة.
about = Hushwing { $version }. برنامج حر، لم يدققه آخرون بعد.
licences = تراخيص الآخرين

## لوحة المفاتيح
palette-title = ماذا تريد أن تفعل؟
palette-hint = اسم محادثة أو إجراء
action-palette = البحث عن أي شيء
action-search = البحث في المحادثات
action-search-here = البحث في هذه المحادثة
action-next-chat = المحادثة التالية
action-previous-chat = المحادثة السابقة
action-write = كتابة رسالة
action-details = تفاصيل جهة الاتصال
action-invite = دعوة شخص
action-redeem = استخدام دعوة
action-requests = من يريد التحدث معك
action-network = الشبكة والمُرحِّلات
action-retry = إعادة محاولة كل شيء الآن
action-settings = الإعدادات
action-shortcuts = اختصارات لوحة المفاتيح
action-lock = قفل الآن
key-send = إرسال الرسالة
key-line = بدء سطر جديد
key-up = من حقل فارغ: إلى الرسائل
key-open = على رسالة: تفاصيلها
key-close = إغلاق المفتوح
on-key-ctrl = Ctrl
on-key-alt = Alt
on-key-shift = Shift
on-key-enter = Enter
on-key-escape = Esc

## الأعطال بحسب رمزها
error-locked = حسابك مقفل. افتح قفله أولًا.
error-no-vault = لا يوجد حساب هنا بعد.
error-vault-exists = يوجد حساب هنا بالفعل؛ لم يتغير شيء.
error-wrong-passphrase = عبارة المرور غير صحيحة. لم يتغير شيء؛ حاول مرة أخرى.
error-vault-in-use = برنامج آخر يفتح هذا الحساب. أغلقه هناك أولًا.
error-vault-unusable = ملفات الحساب تالفة أو من إصدار أحدث.
error-bad-input = لا يمكن استخدام هذا.
error-not-found = لم يعد هذا موجودًا.
error-refused = رُفض الطلب.
error-not-arrived = شيء مما كتبته لم يصل بعد. لم يتغير شيء.
error-unreachable = تعذّر الوصول الآن. حاول لاحقًا.
error-mismatch = غير متطابقين. قد يكون هناك أحد بينكما: لا تكتب شيئًا سريًا وقارنا من جديد.
error-limit = هذا كثير دفعة واحدة. انتظر قليلًا ثم حاول مرة أخرى.
error-too-soon = جرت محاولات كثيرة. انتظر قليلًا ثم حاول مجددًا.
error-too-soon-seconds = عبارات مرور خاطئة كثيرة متتالية. يمكنك المحاولة مجددًا بعد { $count ->
    [one] ثانية واحدة
    [two] ثانيتين
    [few] { $count } ثوانٍ
   *[other] { $count } ثانية
}. كل عبارة خاطئة أخرى تطيل الانتظار.
pause-left = { $count ->
    [one] ثانية أخرى
    [two] ثانيتان أخريان
    [few] { $count } ثوانٍ أخرى
   *[other] { $count } ثانية أخرى
}
pause-over = يمكنك المحاولة مجددًا الآن.
error-machine = فشل شيء على هذا الحاسوب. لم يضع شيء؛ حاول مرة أخرى.
error-stranger = لم تعد هذه الصفحة تابعة لبرنامج Hushwing يعمل.
error-silent = Hushwing لا يجيب. ربما أُوقف.

## البحث والحذف والقفل
found-title = في الرسائل
found-here = مع { $name } فقط
found-mine = إلى
found-count = { $count ->
    [one] عُثر على رسالة واحدة
    [two] عُثر على رسالتين
    [few] عُثر على { $count } رسائل
   *[other] عُثر على { $count } رسالة
}
found-count-more = { $count ->
    [one] أحدث رسالة عُثر عليها، وهناك المزيد
    [two] أحدث رسالتين عُثر عليهما، وهناك المزيد
    [few] أحدث { $count } رسائل عُثر عليها، وهناك المزيد
   *[other] أحدث { $count } رسالة عُثر عليها، وهناك المزيد
}
found-looking = جارٍ البحث…
found-nothing = لا توجد رسالة فيها كل هذه الكلمات. جرّب كلمات أقل، أو بداية كلمة فقط.
found-widen = البحث في كل المحادثات والأوقات
found-begin = اكتب كلمات وردت في الرسالة.
found-incomplete = ما زالت الرسائل الأقدم تُجهَّز للبحث. ابحث مرة أخرى بعد دقائق.
found-times = في وقت معين فقط
found-first-day = أول يوم
found-last-day = آخر يوم
found-backwards = اليوم الأخير يسبق اليوم الأول.
found-more = عرض الأقدم
found-this = هذه هي الرسالة التي بحثت عنها.
passphrase-change = تغيير عبارة المرور
passphrase-changing = جارٍ تغييرها…
passphrase-changed = من الآن تفتح عبارة المرور الجديدة حسابك. النسخ الاحتياطية السابقة تظل تحتاج إلى القديمة.
passphrase-present = عبارة مرورك الحالية
passphrase-new = العبارة الجديدة
passphrase-differs-here = ليست مطابقة للعبارة الجديدة أعلاه.
passphrase-same = هذه عبارة مرورك الحالية. اختر غيرها.
passphrase-change-warning = لا أحد يستطيع استرجاع عبارة مرور منسية. النسخ الاحتياطية التي صنعتها تظل تُفتح بالعبارة القديمة.
lock-after = القفل تلقائيًا عند عدم الاستخدام
lock-never = أبدًا
lock-minutes = { $count ->
    [one] بعد دقيقة
    [two] بعد دقيقتين
    [few] بعد { $count } دقائق
   *[other] بعد { $count } دقيقة
}
lock-hours = { $count ->
    [one] بعد ساعة
    [two] بعد ساعتين
    [few] بعد { $count } ساعات
   *[other] بعد { $count } ساعة
}
lock-after-text = ما دام مقفلًا لا يُرسل شيء ولا يُجلب شيء.
wipe-title = حذف هذا الحساب
wipe-short = يُتلف كل ما يخص هذا الحساب على هذا الحاسوب نهائيًا.
wipe-begin = حذف الحساب…
wipe-text = تُتلف رسائلك وجهات اتصالك ومفاتيحك على هذا الحاسوب. ما كتبته ولم يصل بعد يضيع. لا تُبلَّغ جهات اتصالك، وتحتفظ بما وصلها.
wipe-warning = لا يمكن التراجع عن هذا. لا تعيد الحساب إلا نسخة احتياطية محفوظة في مكان آخر.
wipe-type = اكتب «{ $word }» للمتابعة
wipe-word = حذف
wipe-word-differs = اكتب «{ $word }» حتى لا يُحذف شيء خطأً.
wipe-action = حذف نهائي
wiping = جارٍ الحذف…
wiped = حُذف الحساب
wiped-text = أُزيلت مفاتيحه وملفاته من هذا الحاسوب. يمكن لنسخة احتياطية محفوظة في مكان آخر أن تعيده؛ أتلفها أيضًا إن كان ذلك غير مرغوب.
delete = حذف
delete-history = حذف كل الرسائل
delete-contact = حذف جهة الاتصال
delete-message-title = أتُحذف هذه الرسالة؟
delete-message-text = تُحذف من هذا الحاسوب نهائيًا. يحتفظ الطرف الآخر بنسخته.
delete-history-title = أتُحذف كل الرسائل مع جهة الاتصال هذه؟
delete-history-text = تُحذف من هذا الحاسوب نهائيًا. تبقى جهة الاتصال، ويحتفظ الطرف الآخر برسائله.
delete-contact-title = أتُحذف جهة الاتصال هذه؟
delete-contact-text = تذهب معها كل الرسائل والمفاتيح على هذا الحاسوب نهائيًا. لا تُبلَّغ، ولا يُجلب ما ترسله بعد ذلك. للكتابة من جديد تلزم دعوة جديدة.
delete-unsent-text = لم يصل بعضها إلى جهازهم بعد. ما لم يغادر هذا الحاسوب لن يغادره، والباقي يصل على أي حال.
delete-all-the-same = حذف على أي حال
deleted-message = حُذفت الرسالة من هذا الحاسوب.
deleted-history = حُذفت كل الرسائل من هذا الحاسوب.
deleted-contact = حُذفت جهة الاتصال من هذا الحاسوب.

## نافذة سطح المكتب
window-open = افتح Hushwing
window-lock = قفل
window-quit = إنهاء
window-save = حفظ الملف
window-save-accept = حفظ
window-no-program = البرنامج «hushwing» غير موجود. ضعه بجانب برنامج هذه النافذة أو في مسار البرامج ثم حاول مجددًا.
window-not-started = تعذّر تشغيل Hushwing.
window-refused = يعمل Hushwing لكن تعذّر فتحه.
window-stopped = توقف Hushwing. لن يُرسل شيء ولن يُستقبل حتى يعمل من جديد؛ ولم يضع شيء.
window-no-invite = ما فُتح ليس رابط دعوة، لذلك لم يحدث شيء. انسخ الرابط من جديد أو الصقه في نافذة قبول الدعوات.
window-lock-failed = تعذّر قفل الحساب.
