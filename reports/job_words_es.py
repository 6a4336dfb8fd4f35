"""Every sentence of a job's report in Spanish."""

from typing import Final

from reports.job_words import JobWords

JOB_SPANISH: Final = JobWords(
    language="es",
    outcomes={
        "synthetic": "indicios de síntesis",
        "partly_synthetic": "indicios de síntesis en una parte",
        "inconclusive": "no concluyente",
        "no_evidence": "sin indicios de síntesis",
        "not_applicable": "no aplicable",
        "failed": "sin analizar",
        "cancelled": "cancelado",
        "open": "pendiente",
    },
    changes={
        "verdict": "otra respuesta",
        "failed": "ahora sin analizar",
        "recovered": "ahora analizado",
        "content": "otros bytes",
        "new": "nuevo",
        "gone": "ya no figura",
        "same": "como antes",
    },
    labels={
        "document_title": "Informe sobre un trabajo",
        "job": "Trabajo",
        "job_number": "Número",
        "name": "Nombre",
        "sources": "Fuentes",
        "submitted": "Encargado",
        "ended": "Terminado",
        "account": "Cuenta",
        "items": "Elementos",
        "counts": "Qué resultó de los elementos",
        "outcome": "Resultado",
        "share": "Parte",
        "heat_map": "Todos los elementos en el tiempo",
        "strongest": "Hallazgos más fuertes",
        "item": "Elemento",
        "title": "Título",
        "supports": "Apoya",
        "stretches": "Marcado",
        "links": "Enlaces",
        "report": "informe",
        "source": "fuente",
        "no_answer": "Por qué no hay respuesta (más firme)",
        "reason": "Motivo",
        "failures": "Fallos por motivo",
        "example": "Por ejemplo",
        "duplicates": "El mismo archivo varias veces",
        "near": "Quizá la misma grabación",
        "alike": "Quizá hechos de igual modo",
        "first": "El primero",
        "numbers": "Números",
        "likeness": "Semejanza",
        "compared": "Comparado con el trabajo anterior",
        "change": "Cambio",
        "before": "Antes",
        "now": "Ahora",
        "limits": "Límites",
        "attachments": "Adjunto a este PDF",
        "end": "Fin del informe",
        "rows_from": "desde el",
        "legend_share": "elementos que ahí apoyan la síntesis, de cada 100",
    },
    sentences={
        "headline_found": "Se hallaron indicios de síntesis en {n} de {total} elementos.",
        "headline_none": "No se hallaron indicios de síntesis en los {total} elementos juzgados.",
        "headline_not_judged": "Ninguno de los {total} elementos pudo juzgarse.",
        "headline_empty": "El trabajo no tiene elementos.",
        "open": "El trabajo no ha terminado: {n} elementos siguen pendientes y no figuran en ninguna lista.",
        "expected": "Si en los {judged} elementos juzgados hablaran personas, unos {n} se llamarían "
        "sintéticos de todos modos: así de a menudo yerra el método, según las tasas de error de los "
        "informes de los elementos.",
        "heat_single": "Una fila por elemento, en el orden de la lista; una celda es {cell} de su sonido, "
        "con el color de lo que apoya, como en el informe del elemento.",
        "heat_many": "{rows} filas de unos {n} elementos vecinos cada una, en el orden de la lista. Una "
        "celda es {cell} de su sonido; su color dice cuántos de los elementos juzgados ahí apoyan la "
        "síntesis. Las celdas sueltas engañan: una fila o columna que destaca es un lugar donde mirar.",
        "heat_later": "La última columna incluye también todo lo posterior a {end}.",
        "heat_alt": "Mapa de calor de {n} elementos en {total} de sonido, con {rows} filas y {columns} "
        "columnas.",
        "strongest": "Los {n} elementos cuyos hallazgos, en conjunto o en un tramo marcado, más apoyan la "
        "síntesis. Todos los elementos están en la hoja de cálculo y tienen su propio informe.",
        "strongest_none": "No hay ninguno.",
        "duplicates": "{items} elementos en {groups} grupos son el mismo archivo, byte por byte.",
        "known": "{n} elementos ya se habían analizado en trabajos anteriores de esta cuenta.",
        "near": "{items} elementos en {groups} grupos difieren en sus bytes pero suenan parecido segundo a "
        "segundo: quizá la misma grabación en otra forma.",
        "near_trust": "Medido con elementos de 10 s: de las copias modificadas se hallan así: "
        "{kept}; {strangers} de cada 100 elementos tienen otra grabación igual de parecida.",
        "alike": "De los {n} hallazgos más fuertes, {items} elementos en {groups} grupos están próximos: "
        "quizá hechos de igual modo.",
        "alike_trust": "Medido con sistemas que el método no conocía: de tales pares, {right} de cada 100 "
        "son de un mismo sistema. Una pista de dónde escuchar, no un hallazgo.",
        "not_measured": "No se ha medido cuánto puede confiarse en ello con este detector.",
        "none_alike": "No se halló ninguno.",
        "compared": "Comparado con el trabajo {job} del {date}; {same} elementos están como antes.",
        "compared_none": "No hay un trabajo anterior con las mismas fuentes o el mismo nombre.",
        "more": "{n} más figuran en la hoja de cálculo.",
        "more_groups": "{n} grupos más figuran en la hoja de cálculo.",
        "attached": "job.json: todo lo que figura aquí, legible por máquina.",
    },
    sheets={
        "summary": "Resumen",
        "items": "Elementos",
        "strongest": "Hallazgos más fuertes",
        "failures": "Fallos",
        "duplicates": "Mismo archivo",
        "near": "Misma grabación",
        "alike": "Hechos de igual modo",
        "compared": "Comparación",
    },
    copies={
        "web": "códecs de la web",
        "degraded": "muy degradadas",
        "clean, cut 0.5 s later": "cortadas medio segundo después",
    },
    limits=(
        "Este informe cuenta y señala. Lo hallado en un elemento, su fuerza y la frecuencia con que tal "
        "resultado engaña están en el informe del elemento.",
        "Entre muchos elementos, algunos se llaman sintéticos por error y otros sintéticos se pasan por "
        "alto. Un elemento no es más sospechoso porque otros de su trabajo lo sean.",
        "La semejanza no es indicio de síntesis, ni de que un mismo sistema o persona los hiciera.",
    ),
)
