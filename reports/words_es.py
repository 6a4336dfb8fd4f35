"""Every sentence of a report in Spanish."""

from typing import Final

from pipeline.vocabulary import ProvenanceState, Reason, TrackUse, VerdictKind
from reports.error_words_es import MEANINGS
from reports.opinion import Opinion
from reports.scale import Step
from reports.words import Words

SPANISH: Final = Words(
    language="es",
    share="{number} de cada 100",
    between="{low} a {high}",
    span_channel="canal {place}",
    bytes_form="{number} bytes",
    headlines={
        VerdictKind.NO_EVIDENCE: "No se han hallado indicios de síntesis en la voz.",
        VerdictKind.SYNTHETIC: "Se han hallado indicios de síntesis en la voz.",
        VerdictKind.PARTLY_SYNTHETIC: "Se han hallado indicios de síntesis en una parte de la voz.",
        VerdictKind.INCONCLUSIVE: "No concluyente: no se puede decir si la voz es sintética.",
        VerdictKind.NOT_APPLICABLE: "No aplicable: aquí no hay ninguna voz que pueda valorarse.",
    },
    failed_headline="No analizado: nada puede decirse de este elemento.",
    reasons={
        Reason.NONE: "",
        Reason.NO_AUDIO: "El archivo no tiene pista de audio.",
        Reason.SILENCE: "La grabación está en silencio.",
        Reason.NO_SPEECH: "Hay sonido, pero no se ha hallado habla en él.",
        Reason.TOO_SHORT: "Hay menos de 1 s de voz, demasiado poco para decir algo.",
        Reason.MUSIC: "La grabación contiene música, pero no se ha hallado habla en ella.",
        Reason.NOISE: "La grabación contiene ruido, pero no se ha hallado habla en ella.",
        Reason.TONE: "La grabación contiene tonos, pero no se ha hallado habla en ella.",
        Reason.CLIPPED: "El sonido está saturado por completo: toda muestra está en el máximo.",
        Reason.NOT_FINITE: "El archivo contiene muestras que no son números.",
        Reason.LITTLE_VOICE: "Hay demasiado poca voz para decidir ({voiced}).",
        Reason.WEAK_EVIDENCE: "Los hallazgos caen en la zona en que este método yerra demasiado a "
        "menudo para decidir.",
        Reason.VARIANTS_DISAGREE: "La grabación tal cual y la voz separada no llevaron a la misma "
        "decisión, así que no se tomó ninguna.",
        Reason.OVERLAPPED_SPEECH: "En la mayor parte de los segundos juzgados hablan varias voces a la "
        "vez: los hallazgos son de la más fuerte y dicen poco de las otras. Por "
        "eso no se decidió nada.",
        Reason.OUT_OF_SCOPE: "La grabación no se parece a nada con lo que se probó el método.",
    },
    segment_reasons={
        Reason.NONE: "sin valorar",
        Reason.NO_AUDIO: "sin audio",
        Reason.SILENCE: "silencio",
        Reason.NO_SPEECH: "sin habla",
        Reason.TOO_SHORT: "demasiado poca voz",
        Reason.MUSIC: "música sin habla",
        Reason.NOISE: "ruido sin habla",
        Reason.TONE: "tonos sin habla",
        Reason.CLIPPED: "saturado por completo",
        Reason.NOT_FINITE: "muestras que no son números",
        Reason.LITTLE_VOICE: "poca voz",
        Reason.WEAK_EVIDENCE: "indicios débiles",
        Reason.VARIANTS_DISAGREE: "las dos escuchas discrepan",
        Reason.OVERLAPPED_SPEECH: "varias voces a la vez",
        Reason.OUT_OF_SCOPE: "fuera del alcance del método",
    },
    steps={
        Step.EVEN: "no ayuda a distinguir",
        Step.WEAK: "débil",
        Step.MODERATE: "moderado",
        Step.MODERATELY_STRONG: "moderadamente fuerte",
        Step.STRONG: "fuerte",
        Step.VERY_STRONG: "muy fuerte",
    },
    strength_bonafide="Los hallazgos son {times} más esperables si habló una persona que si la voz "
    "es sintética: apoyo {step} a la proposición de que habló una persona.",
    strength_spoof="Los hallazgos son {times} más esperables si la voz es sintética que si habló "
    "una persona: apoyo {step} a la proposición de que la voz es sintética.",
    strength_even="Los hallazgos son más o menos igual de esperables si la voz es sintética que si "
    "habló una persona: no ayudan a distinguir.",
    strength_capped="Es lo máximo que la validación del método permite sostener.",
    spans_sentence="Marcado: {spans} ({seconds} de {total}).",
    in_channels="{total} en {n} canales",
    more_spans="y {count} más",
    strongest_span="En el tramo que más dice: {strength}",
    separated_sentence="Para la voz separada del resto del sonido: {strength}",
    rates_sentence="Con qué frecuencia engaña un resultado así, medido en «{condition}»: voces genuinas "
    "llamadas sintéticas, {rejected} (de {n_bonafide} elementos); sintéticas llamadas genuinas, "
    "{accepted} (de {n_spoof}); se decidió en {decided} de esos elementos.",
    conditions={
        "fold 4 (never chosen on)": "prueba reservada (grupo 4)",
        "inner folds (calibration and thresholds of the other folds)": "pruebas internas "
        "(calibración y umbrales de los otros grupos)",
        "clean": "sonido limpio",
        "web": "códecs web",
        "degraded": "sonido degradado",
    },
    condition_voice="al menos {voice} de voz",
    span_rates="No se ha medido ninguna tasa de error para los tramos marcados, salvo donde se fijó su "
    "umbral: allí (subconjuntos internos) a lo sumo 1 de cada 100 elementos genuinos de 60 s muestra "
    "uno falso. No se ha medido cuántos tramos sintéticos se pasan por alto ni el resultado en una "
    "prueba reservada.",
    no_rates="No se han medido tasas de error para este tipo de grabación y cantidad de voz.",
    likeness_named="De los sistemas que el método conoce, el habla sintética se parece sobre todo a "
    "{system}, o no es de ninguno de ellos: de los sistemas que nunca encontró, {rate} elementos "
    "reciben un nombre. El parecido no es indicio del hallazgo.",
    likeness_unknown="No se parece lo bastante a ningún sistema que el método conozca para nombrarlo: el "
    "sistema es desconocido.",
    systems={"codec": "una voz tras un códec neuronal"},
    errors=MEANINGS,
    unknown_error="No se pudo analizar el elemento (código de error {code}).",
    notes={
        "extension_mismatch": "La extensión del nombre no corresponde al contenido; se analizó el "
        "contenido.",
        "metadata_capped": "El archivo lleva más metadatos de los que se leen; el resto se omitió.",
        "decode_errors": "Partes del archivo están dañadas; se analizó lo que pudo descodificarse.",
        "not_finite": "El archivo contiene muestras que no son números; se omitieron.",
        "duration_estimated": "",
        "track_out_of_bounds": "Una pista de audio del archivo no puede leerse o declara datos falsos; se "
        "analizaron las demás.",
        "low_bit_rate": "El sonido se guardó con la tasa de bits de un teléfono o de una nota de voz: "
        "con él, el método toma más a menudo por sintética una voz auténtica. Léase el "
        "resultado con esa cautela.",
        "overlapped_speech": "Donde hablan varias voces a la vez, el hallazgo es el de la más "
        "fuerte: de parejas de una voz auténtica y una sintética igual de "
        "fuertes, el método llamó sintéticas al 52 %.",
        "reverberant": "El sonido lleva la larga reverberación de una sala o de un micrófono lejano: con él, el método "
        "toma más a menudo por sintética una voz auténtica. Léase el resultado con esa cautela.",
        "offset_removed": "Antes del análisis se eliminó un desplazamiento constante de las "
        "muestras (de una tarjeta de sonido).",
        "offset_stretch_removed": "En algunos tramos las muestras estaban desplazadas respecto a cero; "
        "eso se eliminó antes del análisis.",
        "audio_shorter_than_video": "El sonido termina antes que la imagen.",
        "incomplete": "El archivo está incompleto.",
    },
    unknown_note="El archivo lleva la observación {code}.",
    incomplete={
        "incomplete": "El archivo está incompleto: se descodificaron {decoded} de {declared}.",
        "audio_shorter_than_video": "El sonido termina antes que la imagen: {decoded} de {declared}.",
    },
    channel_uses={
        TrackUse.ANALYSED: "analizado",
        TrackUse.COPY: "copia de un canal analizado",
        TrackUse.SILENT: "en silencio",
        TrackUse.SKIPPED: "no examinado (por encima del límite de canales)",
    },
    channel_list="Canal {channels} de la pista {track}: {use}.",
    quality={
        "narrow_band": "banda telefónica",
        "clipping": "saturación",
        "low_level": "nivel muy bajo",
        "much_else": "mucho otro sonido junto a la voz",
        "overlapped_speech": "varias voces a la vez",
        "partial": "más corto que un segmento",
    },
    quality_sentence="{what} en {seconds} de {total}: léase con cautela.",
    unscored_sentence="{seconds} de {total} no pudieron valorarse: {what}.",
    all_scored="Se valoró cada segundo del sonido analizado.",
    none_scored="No pudo valorarse ningún segundo de la grabación: {what}.",
    no_sound_seen="El sonido no se examinó en absoluto.",
    times="unas {times} veces",
    side_bonafide="persona, {times}×",
    side_spoof="sintética, {times}×",
    side_even="no ayuda",
    metrics={
        "act_dcf": "DCF real",
        "hter_transferred": "HTER, umbral transferido",
        "eer": "Tasa de igual error (EER)",
        "cllr": "Cllr (0 perfecto, 1 inútil)",
        "min_cllr": "Cllr mínimo posible",
        "auc": "Área bajo la curva ROC",
    },
    forbidden=(
        "falso",
        "falsa",
        "fake",
        "deepfake",
        "genuina",
        "genuino",
        "auténtica",
        "auténtico",
        "real",
        "culpa",
        "culpable",
        "demuestra",
        "prueba",
        "probabilidad de que",
        "probablemente",
        "probable",
        "seguro",
        "segura",
        "cierto",
        "%",
    ),
    limits=(
        "El resultado vale solo para el elemento aquí nombrado, en los bytes cuyo SHA-256 se da.",
        "Que no se hallen indicios de síntesis no muestra que la voz no esté editada ni que no sea otra "
        "persona que imita a quien habla.",
        "El informe no dice quién habla, si lo dicho es verdad ni si hay partes cortadas o reordenadas.",
        "El método conoce los generadores y las condiciones de grabación con que se entrenó y probó; "
        "generadores nuevos, compresión fuerte, regrabación por altavoz y ataques deliberados pueden "
        "engañarlo en ambos sentidos.",
        "Un segundo de sonido dice poco. Las celdas sueltas de la línea de tiempo señalan lugares que "
        "conviene escuchar; el veredicto descansa en toda la voz junta.",
    ),
    provenance={
        ProvenanceState.ABSENT: "El archivo no lleva datos de procedencia (C2PA).",
        ProvenanceState.TRUSTED: "El archivo lleva datos de procedencia (C2PA) que concuerdan con "
        "sus bytes, firmados por {signer}, que figura en la lista de confianza.",
        ProvenanceState.VALID: "El archivo lleva datos de procedencia (C2PA) que concuerdan con "
        "sus bytes, firmados por {signer}; aquí nadie responde por ese firmante.",
        ProvenanceState.INVALID: "El archivo lleva datos de procedencia (C2PA) que no concuerdan: "
        "el archivo se modificó después de firmarse, o los datos están dañados.",
        ProvenanceState.ELSEWHERE: "El archivo remite a datos de procedencia (C2PA) en un "
        "servidor; no se descargó nada.",
        ProvenanceState.UNREADABLE: "El archivo lleva datos de procedencia (C2PA) que no se "
        "pudieron leer.",
    },
    opinions={
        Opinion.AGREE: "El perito está de acuerdo con el hallazgo automático.",
        Opinion.DISAGREE: "El perito no está de acuerdo con el hallazgo automático.",
        Opinion.INCONCLUSIVE: "El perito no llega a ninguna conclusión.",
    },
    labels={
        "derivation": "Paso a paso, de la fuente a la voz",
        "command": "Línea de órdenes",
        "step_input": "Entrada",
        "step_output": "Salida",
        "machines": "Máquinas",
        "requested_at": "Solicitado",
        "fact_http_status": "Estado HTTP",
        "fact_content_type": "Tipo de contenido",
        "fact_content_length": "Longitud del contenido",
        "fact_etag": "ETag",
        "fact_last_modified": "Última modificación en la fuente",
        "fact_server_date": "Reloj del servidor",
        "fact_final_url": "Dirección final",
        "fact_n_redirects": "Redirecciones",
        "signature": "Firma",
        "signed_by": "Firmado por",
        "certificate": "SHA-256 del certificado",
        "strongest": "Los segundos que hablan con más claridad",
        "clips": "Fragmentos de sonido junto a este informe",
        "provenance": "Datos de procedencia en el archivo (C2PA)",
        "provenance_short": "Datos de procedencia",
        "provenance_signer": "Firmante, según los datos",
        "provenance_signed_at": "Fecha de firma, según los datos",
        "provenance_generator": "Creado con, según los datos",
        "provenance_claims": "Declaraciones",
        "provenance_problems": "Lo que no concuerda",
        "provenance_tool": "Leído con",
        "provenance_trust": "SHA-256 de la lista de confianza",
        "review": "Dictamen del perito",
        "reviewed": "Resultado automático con dictamen de un perito",
        "examiner": "Perito",
        "reviewed_at": "Emitido",
        "review_version": "Versión",
        "review_about": "Sobre el JSON con SHA-256",
        "review_key": "Firmado con la clave",
        "document_title": "Informe sobre habla sintética",
        "brand": "Voice Verity",
        "report_id": "Informe",
        "page": "Página",
        "of": "de",
        "not_reviewed": "Resultado de máquina, no revisado por un perito",
        "finding": "Hallazgo",
        "not_examined": "Lo que no pudo examinarse",
        "timeline": "Segundo a segundo",
        "analysed": "Lo que se analizó",
        "not_analysed": "El elemento",
        "item": "Elemento",
        "source": "Origen",
        "file": "Archivo",
        "sha256": "SHA-256",
        "findings_sha256": "SHA-256 de los hallazgos",
        "duration": "Duración",
        "sound": "Sonido",
        "voice": "Voz valorada",
        "verdict": "Veredicto",
        "method": "Método y tasas de error medidas",
        "propositions": "Las dos proposiciones",
        "hp_bonafide": "Hb",
        "hp_spoof": "Hs",
        "scale": "Palabras para la fuerza del apoyo",
        "scale_times": "Veces más esperable",
        "scale_words": "Apoyo",
        "rates": "Con qué frecuencia yerra el método",
        "rates_condition": "Condición de la prueba",
        "rates_voice": "Voz, al menos",
        "rates_rejected": "Genuina llamada sintética",
        "rates_accepted": "Sintética llamada genuina",
        "rates_decided": "Decididos",
        "rates_items": "Elementos (genuinos + sintéticos)",
        "rates_here": "vale aquí",
        "figures": "Otras cifras medidas",
        "figure_test": "Prueba",
        "figure_metric": "Medida",
        "figure_value": "Valor",
        "segments": "Segmentos",
        "segment_time": "Tiempo",
        "segment_where": "Pista.canal",
        "segment_variant": "Escucha",
        "segment_count": "Segmentos",
        "segment_supports": "Apoya",
        "segment_llr": "LLR (intervalo)",
        "segment_voice": "Voz",
        "segment_remarks": "Observaciones",
        "spans": "Tramos marcados",
        "custody": "Custodia y tratamiento",
        "models": "Modelos y versiones",
        "limits": "Límites",
        "glossary": "Palabras usadas",
        "verify": "Cómo comprobar este informe",
        "end": "Fin del informe",
        "recorded": "tal como se grabó",
        "separated": "voz separada",
        "separated_short": "separada",
        "legend_spoof": "apoya sintética",
        "legend_bonafide": "apoya persona",
        "legend_even": "no ayuda",
        "legend_unscored": "sin valorar",
        "legend_span": "tramo marcado",
        "axis_bonafide": "persona",
        "axis_spoof": "sintética",
        "track": "Pista",
        "channel": "canal",
        "acquired_at": "Obtenido el",
        "acquired_by": "Obtenido con",
        "source_version": "Versión del origen",
        "original_name": "Nombre recibido",
        "customer": "Cliente",
        "submitted_by": "Enviado por",
        "job": "Trabajo",
        "laboratory": "Laboratorio",
        "attempt": "Intento",
        "item_id": "Número del elemento",
        "item_labels": "Etiquetas",
        "list_priority": "Prioridad en la lista",
        "reused": "Análisis de los mismos bytes, tomado de",
        "analysed_at": "Analizado el",
        "issued_at": "Emitido el",
        "failure": "Qué falló",
        "failure_code": "Código de error",
        "failure_stage": "Etapa",
        "step": "Paso",
        "tool": "Herramienta",
        "seconds": "Segundos",
        "model": "Modelo",
        "role": "Función",
        "provider": "Se ejecuta en",
        "options": "Opciones",
        "trained_on": "Datos de entrenamiento",
        "generators": "Generadores en el entrenamiento",
        "cutoff": "Datos de entrenamiento más recientes",
        "languages": "Lenguas en el entrenamiento",
        "licence": "Licencia del modelo",
        "none": "ninguno",
        "unknown": "desconocido",
        "attachments": "Adjunto a este PDF",
        "attached_json": "Todos los hallazgos, legibles por máquina",
        "attached_csv": "Una fila por segmento",
        "steps": "Tiempo empleado",
    },
    paragraphs={
        "spectrogram": "Bajo las celdas: el propio sonido como espectrograma, de 0 a {top} kHz, "
        "más oscuro donde es más fuerte. Muestra lo que se oye, no aquello en lo que se basó el "
        "detector.",
        "spectrogram_alt": "Debajo, un espectrograma del mismo sonido, de 0 a {top} kHz.",
        "strongest_text": "Espectrogramas simples de los segundos grabados cuyos valores quedan "
        "más lejos a cada lado, de 0 a 8 kHz, frecuencias bajas abajo. Muestran el sonido, no "
        "aquello en lo que se basó el detector: eso se indica donde se pidió la opción "
        "«explain». Un solo segundo dice poco.",
        "strongest_explained": "Espectrogramas de los segundos grabados cuyos valores quedan más "
        "lejos a cada lado, de 0 a 8 kHz, frecuencias bajas abajo. Cada una de las {n} partes de "
        "un segundo se ocultó por turno (sustituida por la media del segundo) y se volvió a "
        "calcular el valor. Barra sobre la línea, azul: esa parte hablaba a favor de una "
        "persona; bajo ella, naranja: a favor de sintética; una barra completa es un cambio del "
        "LLR de {reach}. Esto muestra de dónde vino el valor, no dónde se creó o cambió algo. "
        "Las partes actúan juntas, así que los cambios no se suman; y el mero ocultar tiende a "
        "acercar la voz de una persona a sintética: compárense las partes entre sí. Un solo "
        "segundo dice poco.",
        "strongest_alt": "Espectrograma del segundo {time}, de 0 a {top} kHz.",
        "occlusion_alt": "Cambio del LLR al ocultar cada una de sus {n} partes, por orden de "
        "tiempo: {changes}.",
        "derivation_text": "MEDIA representa el archivo obtenido. La suma tras «decode» se toma "
        "sobre los bytes que escribe esa línea de órdenes; la que sigue a «separate», sobre la "
        "voz que dejó la máscara, en muestras float32.",
        "cores": "{n} núcleos",
        "signed": "El PDF y el JSON están firmados. Una firma válida muestra que ningún byte ha "
        "cambiado desde entonces. Quién tiene la clave solo se sabe por el SHA-256 del "
        "certificado: compárelo con uno que le haya llegado por otra vía.",
        "unsigned": "Este informe se hizo sin firma.",
        "verify_signature": "Firma. Ejecute verity verify con este PDF, o con el JSON y su "
        "archivo .jws al lado; cualquier lector de PDF y cualquier biblioteca JWS también la "
        "comprueban.",
        "provenance_absence": "Que falten tales datos no significa nada: la mayoría de los "
        "archivos no los llevan y es fácil eliminarlos.",
        "provenance_note": "Lo que declara el firmante no se ha comprobado y no forma parte de los "
        "hallazgos.",
        "provenance_synthetic": "El firmante declara que el contenido fue creado, en todo o en "
        "parte, por un modelo entrenado.",
        "review_note": "El hallazgo automático de arriba no ha cambiado; el dictamen es del propio "
        "perito.",
        "hp_bonafide": "La voz es habla de una persona, grabada y transmitida.",
        "hp_spoof": "La voz fue hecha o convertida por un sistema de síntesis de habla.",
        "method": "El sonido se descodifica a {sample_rate} Hz y se corta en segmentos de {segment}, uno "
        "cada {hop}. Una red de máscara halla dónde hay voz y cuánto otro sonido hay. Los segmentos con "
        "voz pasan por el detector «{model}»; sus puntuaciones se vuelven razones de verosimilitud por "
        "una calibración con grabaciones reservadas. Se juzga la grabación tal cual, con el resto del "
        "sonido. Los segmentos muestran dónde; el veredicto reúne toda la voz valorada.",
        "method_none": "Nada se valoró, así que no se aplicó ningún método y a este elemento no le "
        "corresponden tasas de error.",
        "decision": "Regla de decisión: se piden al menos {min_voiced} de voz valorada. La voz se llama "
        "sintética cuando el LLR conjunto queda por debajo de {synthetic}; se informa de que no hay "
        "indicios de síntesis cuando queda por encima de {no_evidence}; entre ambos la respuesta es no "
        "concluyente. Se llama parcialmente sintética cuando ventanas de {span_window} de segmentos "
        "valorados consecutivos tienen un LLR conjunto por debajo de {span}, más estricto con la "
        "duración (menos ln(segundos de voz / 60) con más de 60 s de voz en un canal), mientras quedan al "
        "menos {span_window} de otra voz cuyo LLR conjunto está por encima de {synthetic}; si se hallan "
        "tales ventanas sin que esto se cumpla, nunca se informa de que no hay indicios. Lo que arriesga "
        "esta regla se ve en la tabla de abajo, salvo para tramos marcados, que la tabla no abarca.",
        "threshold": "{llr} ({times} veces a favor de {side})",
        "cap": "Nada en este informe se llama más de {limit} veces más esperable: la validación tuvo muy "
        "pocas voces y generadores independientes para sostener más.",
        "scale": "El informe dice cuántas veces más esperables son los hallazgos bajo una proposición que "
        "bajo la otra. No dice cuán probable es una proposición: eso depende también de todo lo demás que "
        "se sepa del caso. Cerca de 1 los hallazgos no ayudan a distinguir.",
        "rates": "Proporciones de todos los elementos de prueba de la clase, indecisos incluidos, con los "
        "umbrales usados aquí. La prueba reservada quedó aparte hasta tener todo elegido; "
        "donde se fijaron umbrales, las tasas halagan. De las pruebas con tanta voz como este elemento, "
        "vale la fila cuyas dos tasas suman más.",
        "timeline": "Cada celda es {cell}; su color dice qué proposición apoya el sonido y con qué fuerza.",
        "timeline_lanes": "Una fila por pista.canal, y una para la voz separada donde se valoró.",
        "timeline_curve": "La línea es la media móvil sobre {window}.",
        "cell_one": "un segundo",
        "cell_many": "{length}",
        "declared": "; el contenedor declara {declared}",
        "track": "pista {track}: {codec}, {rate} Hz, {channels} can., analizado: {used}",
        "timeline_alt": "Línea de tiempo de {total}: {spoof} de las celdas valoradas apoyan que la voz es "
        "sintética, {bonafide} apoyan que habló una persona, {neither} no ayudan, {unscored} no pudieron "
        "valorarse.",
        "segments_all": "Cada segmento tiene una fila.",
        "segments_folded": "Los segmentos vecinos que dicen lo mismo se pliegan en una fila; cada segmento "
        "está en el CSV y el JSON adjuntos.",
        "segments_binned": "{n} segmentos, plegados en tramos de {window}; cada segmento está en el CSV y "
        "el JSON adjuntos.",
        "segments_sign": "LLR es el logaritmo natural de la razón de verosimilitud (en filas plegadas la "
        "media, luego del menor al mayor): positivo apoya que habló una persona, negativo que la voz es "
        "sintética. «Voz» es la parte del tiempo que contiene voz. Pistas y canales cuentan aquí desde 1, "
        "en CSV y JSON desde 0.",
        "segments_none": "No se valoró ningún segmento.",
        "verify_media": "Medio. Calcule el SHA-256 del archivo y compárelo con el valor de la página 1 "
        "(por ejemplo con sha256sum). Otro valor significa que se analizaron otros bytes.",
        "verify_findings": "Hallazgos. Tome “findings” del report.json adjunto y calcule el SHA-256 sobre "
        "su forma canónica (RFC 8785); debe ser igual al valor de abajo, como muestra la orden de abajo.",
        "verify_repeat": "Repetición. Analice de nuevo los mismos bytes con los mismos archivos de modelo "
        "(SHA-256 arriba) y opciones, en el mismo tipo de procesador: el SHA-256 de los hallazgos sale "
        "igual.",
        "verify_command": "jq -cjS .findings report.json | sha256sum",
        "attachments": "report.json (todos los hallazgos, legibles por máquina, esquema report-v1) y "
        "segments.csv (una fila por segmento).",
        "exclusions": "El archivo original no se ha modificado. Este informe solo puede reproducirse "
        "íntegro.",
    },
    glossary=(
        (
            "Bona fide",
            "Habla de una persona, grabada y transmitida; puede estar editada o comprimida.",
        ),
        ("Sintética", "Habla hecha por conversión de texto a voz o conversión de voz."),
        (
            "Razón de verosimilitud (LR)",
            "Cuántas veces más esperables son los hallazgos bajo una "
            "proposición que bajo la otra. LLR es su logaritmo natural, bona fide sobre sintética.",
        ),
        ("Segmento", "Un segundo de un canal, la unidad que se muestra."),
        (
            "Puntuación CM",
            "El número bruto del detector antes de calibrar; más alto significa más "
            "parecido al habla de una persona.",
        ),
        ("Conjunto", "Todos los segmentos valorados a la vez; en esto descansa el veredicto."),
        ("Voz separada", "La grabación después de que una máscara quite otro sonido."),
        ("SHA-256", "Una suma de comprobación que cambia si cambia un bit del archivo."),
    ),
)
