"""Every sentence of a report in Portuguese."""

from typing import Final

from pipeline.vocabulary import ProvenanceState, Reason, TrackUse, VerdictKind
from reports.error_words_pt import MEANINGS
from reports.opinion import Opinion
from reports.scale import Step
from reports.words import Words

PORTUGUESE: Final = Words(
    language="pt",
    share="{number} em 100",
    between="{low} a {high}",
    span_channel="canal {place}",
    bytes_form="{number} bytes",
    headlines={
        VerdictKind.NO_EVIDENCE: "Não foram encontrados indícios de síntese na voz.",
        VerdictKind.SYNTHETIC: "Foram encontrados indícios de síntese na voz.",
        VerdictKind.PARTLY_SYNTHETIC: "Foram encontrados indícios de síntese em parte da voz.",
        VerdictKind.INCONCLUSIVE: "Inconclusivo: não é possível dizer se a voz é sintética.",
        VerdictKind.NOT_APPLICABLE: "Não aplicável: não há aqui nenhuma voz que possa ser avaliada.",
    },
    failed_headline="Não analisado: nada se pode dizer sobre este item.",
    reasons={
        Reason.NONE: "",
        Reason.NO_AUDIO: "O ficheiro não tem faixa de áudio.",
        Reason.SILENCE: "A gravação está em silêncio.",
        Reason.NO_SPEECH: "Há som, mas não foi encontrada fala nele.",
        Reason.TOO_SHORT: "Há menos de 1 s de voz, pouco demais para dizer alguma coisa.",
        Reason.MUSIC: "A gravação contém música, mas não foi encontrada fala nela.",
        Reason.NOISE: "A gravação contém ruído, mas não foi encontrada fala nela.",
        Reason.TONE: "A gravação contém tons, mas não foi encontrada fala nela.",
        Reason.CLIPPED: "O som está saturado do início ao fim: cada amostra está no máximo.",
        Reason.NOT_FINITE: "O ficheiro contém amostras que não são números.",
        Reason.LITTLE_VOICE: "Há pouca voz para uma decisão ({voiced}).",
        Reason.WEAK_EVIDENCE: "Os achados caem na zona em que este método erra vezes demais para "
        "decidir.",
        Reason.VARIANTS_DISAGREE: "A gravação tal como está e a voz separada não levaram à mesma "
        "decisão; por isso não se tomou nenhuma.",
        Reason.OVERLAPPED_SPEECH: "Na maior parte dos segundos avaliados falam várias vozes ao mesmo "
        "tempo: os resultados são da mais forte e dizem pouco das outras. Por "
        "isso nada foi decidido.",
        Reason.OUT_OF_SCOPE: "A gravação não se parece com nada em que o método foi testado.",
    },
    segment_reasons={
        Reason.NONE: "não avaliado",
        Reason.NO_AUDIO: "sem áudio",
        Reason.SILENCE: "silêncio",
        Reason.NO_SPEECH: "sem fala",
        Reason.TOO_SHORT: "voz insuficiente",
        Reason.MUSIC: "música sem fala",
        Reason.NOISE: "ruído sem fala",
        Reason.TONE: "tons sem fala",
        Reason.CLIPPED: "saturado do início ao fim",
        Reason.NOT_FINITE: "amostras que não são números",
        Reason.LITTLE_VOICE: "pouca voz",
        Reason.WEAK_EVIDENCE: "indícios fracos",
        Reason.VARIANTS_DISAGREE: "as duas escutas divergem",
        Reason.OVERLAPPED_SPEECH: "várias vozes ao mesmo tempo",
        Reason.OUT_OF_SCOPE: "fora do âmbito do método",
    },
    steps={
        Step.EVEN: "não ajuda a distinguir",
        Step.WEAK: "fraco",
        Step.MODERATE: "moderado",
        Step.MODERATELY_STRONG: "moderadamente forte",
        Step.STRONG: "forte",
        Step.VERY_STRONG: "muito forte",
    },
    strength_bonafide="Os achados são {times} mais de esperar se uma pessoa falou do que se a voz é "
    "sintética: apoio {step} à proposição de que uma pessoa falou.",
    strength_spoof="Os achados são {times} mais de esperar se a voz é sintética do que se uma pessoa "
    "falou: apoio {step} à proposição de que a voz é sintética.",
    strength_even="Os achados são mais ou menos tão de esperar se a voz é sintética como se uma pessoa "
    "falou: não ajudam a distinguir.",
    strength_capped="É o máximo que a validação do método permite sustentar.",
    spans_sentence="Marcado: {spans} ({seconds} de {total}).",
    in_channels="{total} em {n} canais",
    more_spans="e mais {count}",
    strongest_span="No trecho que mais diz: {strength}",
    separated_sentence="Para a voz separada do resto do som: {strength}",
    rates_sentence="Quantas vezes um resultado assim engana, medido em «{condition}»: vozes genuínas "
    "chamadas sintéticas, {rejected} (de {n_bonafide} itens); sintéticas chamadas genuínas, {accepted} "
    "(de {n_spoof}); houve decisão em {decided} destes itens.",
    conditions={
        "fold 4 (never chosen on)": "teste reservado (grupo 4)",
        "inner folds (calibration and thresholds of the other folds)": "testes internos "
        "(calibração e limiares dos outros grupos)",
        "clean": "som limpo",
        "web": "codecs da web",
        "degraded": "som degradado",
    },
    condition_voice="pelo menos {voice} de voz",
    span_rates="Não foi medida nenhuma taxa de erro para trechos marcados, exceto onde se fixou o seu "
    "limiar: aí (subconjuntos internos) no máximo 1 em 100 itens genuínos de 60 s mostra um falso. Não "
    "foi medido quantos trechos sintéticos escapam, nem o resultado num teste reservado.",
    no_rates="Não foram medidas taxas de erro para este tipo de gravação e esta quantidade de voz.",
    likeness_named="Dos sistemas que o método conhece, a fala sintética parece-se sobretudo com "
    "{system}, ou não é de nenhum deles: de sistemas que nunca encontrou, {rate} itens recebem um nome. "
    "A semelhança não é indício a favor do achado.",
    likeness_unknown="Não se parece o bastante com nenhum sistema que o método conheça para o nomear: o "
    "sistema é desconhecido.",
    systems={"codec": "uma voz após um codec neuronal"},
    errors=MEANINGS,
    unknown_error="Não foi possível analisar o item (código de erro {code}).",
    notes={
        "extension_mismatch": "A extensão do nome não corresponde ao conteúdo; analisou-se o conteúdo.",
        "metadata_capped": "O ficheiro traz mais metadados do que os que são lidos; o resto foi omitido.",
        "decode_errors": "Partes do ficheiro estão danificadas; analisou-se o que pôde ser "
        "descodificado.",
        "not_finite": "O ficheiro contém amostras que não são números; foram omitidas.",
        "duration_estimated": "",
        "track_out_of_bounds": "Uma faixa de áudio do ficheiro não pode ser lida ou declara dados falsos; as "
        "outras foram analisadas.",
        "low_bit_rate": "O som foi guardado com o débito de um telefone ou de uma nota de voz: com ele,"
        " o método toma mais vezes por sintética uma voz autêntica. Leia-se o resultado"
        " com essa reserva.",
        "overlapped_speech": "Onde falam várias vozes ao mesmo tempo, o resultado é o da mais forte: "
        "de pares de uma voz autêntica e uma sintética igualmente fortes, o "
        "método chamou sintéticos 52 %.",
        "reverberant": "O som traz a longa reverberação de uma sala ou de um microfone distante: com ele, o método "
        "toma mais vezes por sintética uma voz autêntica. Leia-se o resultado com essa reserva.",
        "offset_removed": "Antes da análise foi retirado um desvio constante das amostras "
        "(de uma placa de som).",
        "offset_stretch_removed": "Em alguns troços as amostras estavam desviadas do zero; isso foi "
        "retirado antes da análise.",
        "audio_shorter_than_video": "O som acaba antes da imagem.",
        "incomplete": "O ficheiro está incompleto.",
    },
    unknown_note="O ficheiro traz a observação {code}.",
    incomplete={
        "incomplete": "O ficheiro está incompleto: foram descodificados {decoded} de {declared}.",
        "audio_shorter_than_video": "O som acaba antes da imagem: {decoded} de {declared}.",
    },
    channel_uses={
        TrackUse.ANALYSED: "analisado",
        TrackUse.COPY: "cópia de um canal analisado",
        TrackUse.SILENT: "em silêncio",
        TrackUse.SKIPPED: "não examinado (acima do limite de canais)",
    },
    channel_list="Canal {channels} da faixa {track}: {use}.",
    quality={
        "narrow_band": "banda telefónica",
        "clipping": "saturação",
        "low_level": "nível muito baixo",
        "much_else": "muito outro som junto da voz",
        "overlapped_speech": "várias vozes ao mesmo tempo",
        "partial": "mais curto que um segmento",
    },
    quality_sentence="{what} em {seconds} de {total}: ler com cautela.",
    unscored_sentence="{seconds} de {total} não puderam ser avaliados: {what}.",
    all_scored="Cada segundo do som analisado foi avaliado.",
    none_scored="Nenhum segundo da gravação pôde ser avaliado: {what}.",
    no_sound_seen="O som não foi examinado de todo.",
    times="cerca de {times} vezes",
    side_bonafide="pessoa, {times}×",
    side_spoof="sintética, {times}×",
    side_even="não ajuda",
    metrics={
        "act_dcf": "DCF efetivo",
        "hter_transferred": "HTER, limiar transferido",
        "eer": "Taxa de erro igual (EER)",
        "cllr": "Cllr (0 perfeito, 1 inútil)",
        "min_cllr": "Menor Cllr possível",
        "auc": "Área sob a curva ROC",
    },
    forbidden=(
        "falso",
        "falsa",
        "fake",
        "deepfake",
        "genuína",
        "genuíno",
        "autêntica",
        "autêntico",
        "real",
        "culpa",
        "culpado",
        "prova",
        "demonstra",
        "probabilidade de que",
        "provavelmente",
        "provável",
        "certo",
        "certa",
        "seguro",
        "%",
    ),
    limits=(
        "O resultado diz respeito apenas ao item aqui nomeado, nos bytes cujo SHA-256 é indicado.",
        "Não encontrar indícios de síntese não mostra que a voz não foi editada, nem que não é outra "
        "pessoa a imitar quem fala.",
        "O relatório nada diz sobre quem fala, se as palavras são verdadeiras ou se há partes cortadas "
        "ou reordenadas.",
        "O método conhece os geradores e as condições de gravação em que foi treinado e testado; "
        "geradores novos, compressão forte, regravação por altifalante e ataques deliberados podem "
        "enganá-lo nos dois sentidos.",
        "Um segundo de som diz pouco. As células isoladas da linha do tempo apontam lugares que vale a "
        "pena ouvir; o veredicto assenta em toda a voz em conjunto.",
    ),
    provenance={
        ProvenanceState.ABSENT: "O arquivo não traz dados de proveniência (C2PA).",
        ProvenanceState.TRUSTED: "O arquivo traz dados de proveniência (C2PA) que condizem com os "
        "seus bytes, assinados por {signer}, que consta da lista de confiança.",
        ProvenanceState.VALID: "O arquivo traz dados de proveniência (C2PA) que condizem com os "
        "seus bytes, assinados por {signer}; ninguém aqui responde por esse signatário.",
        ProvenanceState.INVALID: "O arquivo traz dados de proveniência (C2PA) que não condizem: o "
        "arquivo foi alterado depois de assinado, ou os dados estão danificados.",
        ProvenanceState.ELSEWHERE: "O arquivo remete a dados de proveniência (C2PA) num servidor; "
        "nada foi baixado.",
        ProvenanceState.UNREADABLE: "O arquivo traz dados de proveniência (C2PA) que não puderam "
        "ser lidos.",
    },
    opinions={
        Opinion.AGREE: "O perito concorda com o achado automático.",
        Opinion.DISAGREE: "O perito discorda do achado automático.",
        Opinion.INCONCLUSIVE: "O perito não chega a nenhuma conclusão.",
    },
    labels={
        "derivation": "Passo a passo, da fonte à voz",
        "command": "Linha de comando",
        "step_input": "Entrada",
        "step_output": "Saída",
        "machines": "Máquinas",
        "requested_at": "Pedido em",
        "fact_http_status": "Estado HTTP",
        "fact_content_type": "Tipo de conteúdo",
        "fact_content_length": "Tamanho do conteúdo",
        "fact_etag": "ETag",
        "fact_last_modified": "Última modificação na fonte",
        "fact_server_date": "Relógio do servidor",
        "fact_final_url": "Endereço final",
        "fact_n_redirects": "Redirecionamentos",
        "signature": "Assinatura",
        "signed_by": "Assinado por",
        "certificate": "SHA-256 do certificado",
        "strongest": "Os segundos que falam com mais clareza",
        "clips": "Trechos de som ao lado deste relatório",
        "provenance": "Dados de proveniência no arquivo (C2PA)",
        "provenance_short": "Dados de proveniência",
        "provenance_signer": "Signatário, segundo os dados",
        "provenance_signed_at": "Data da assinatura, segundo os dados",
        "provenance_generator": "Criado com, segundo os dados",
        "provenance_claims": "Declarações",
        "provenance_problems": "O que não condiz",
        "provenance_tool": "Lido com",
        "provenance_trust": "SHA-256 da lista de confiança",
        "review": "Parecer do perito",
        "reviewed": "Resultado automático com parecer de um perito",
        "examiner": "Perito",
        "reviewed_at": "Emitido em",
        "review_version": "Versão",
        "review_about": "Sobre o JSON com SHA-256",
        "review_key": "Assinado com a chave",
        "document_title": "Relatório sobre fala sintética",
        "brand": "Voice Verity",
        "report_id": "Relatório",
        "page": "Página",
        "of": "de",
        "not_reviewed": "Resultado de máquina, não revisto por um perito",
        "finding": "Achado",
        "not_examined": "O que não pôde ser examinado",
        "timeline": "Segundo a segundo",
        "analysed": "O que foi analisado",
        "not_analysed": "O item",
        "item": "Item",
        "source": "Origem",
        "file": "Ficheiro",
        "sha256": "SHA-256",
        "findings_sha256": "SHA-256 dos achados",
        "duration": "Duração",
        "sound": "Som",
        "voice": "Voz avaliada",
        "verdict": "Veredicto",
        "method": "Método e taxas de erro medidas",
        "propositions": "As duas proposições",
        "hp_bonafide": "Hb",
        "hp_spoof": "Hs",
        "scale": "Palavras para a força do apoio",
        "scale_times": "Vezes mais de esperar",
        "scale_words": "Apoio",
        "rates": "Quantas vezes o método erra",
        "rates_condition": "Condição de teste",
        "rates_voice": "Voz, pelo menos",
        "rates_rejected": "Genuína chamada sintética",
        "rates_accepted": "Sintética chamada genuína",
        "rates_decided": "Decididos",
        "rates_items": "Itens (genuínos + sintéticos)",
        "rates_here": "vale aqui",
        "figures": "Outros valores medidos",
        "figure_test": "Teste",
        "figure_metric": "Medida",
        "figure_value": "Valor",
        "segments": "Segmentos",
        "segment_time": "Tempo",
        "segment_where": "Faixa.canal",
        "segment_variant": "Escuta",
        "segment_count": "Segmentos",
        "segment_supports": "Apoia",
        "segment_llr": "LLR (intervalo)",
        "segment_voice": "Voz",
        "segment_remarks": "Observações",
        "spans": "Trechos marcados",
        "custody": "Custódia e processamento",
        "models": "Modelos e versões",
        "limits": "Limites",
        "glossary": "Palavras usadas",
        "verify": "Como verificar este relatório",
        "end": "Fim do relatório",
        "recorded": "tal como gravado",
        "separated": "voz separada",
        "separated_short": "separada",
        "legend_spoof": "apoia sintética",
        "legend_bonafide": "apoia pessoa",
        "legend_even": "não ajuda",
        "legend_unscored": "não avaliado",
        "legend_span": "trecho marcado",
        "axis_bonafide": "pessoa",
        "axis_spoof": "sintética",
        "track": "Faixa",
        "channel": "canal",
        "acquired_at": "Obtido em",
        "acquired_by": "Obtido com",
        "source_version": "Versão da origem",
        "original_name": "Nome recebido",
        "customer": "Cliente",
        "submitted_by": "Enviado por",
        "job": "Trabalho",
        "laboratory": "Laboratório",
        "attempt": "Tentativa",
        "item_id": "Número do item",
        "item_labels": "Etiquetas",
        "list_priority": "Prioridade na lista",
        "reused": "Análise dos mesmos bytes, retomada de",
        "analysed_at": "Analisado em",
        "issued_at": "Emitido em",
        "failure": "O que correu mal",
        "failure_code": "Código de erro",
        "failure_stage": "Fase",
        "step": "Passo",
        "tool": "Ferramenta",
        "seconds": "Segundos",
        "model": "Modelo",
        "role": "Função",
        "provider": "Executa em",
        "options": "Opções",
        "trained_on": "Dados de treino",
        "generators": "Geradores no treino",
        "cutoff": "Dados de treino mais recentes",
        "languages": "Línguas no treino",
        "licence": "Licença do modelo",
        "none": "nenhum",
        "unknown": "desconhecido",
        "attachments": "Anexado a este PDF",
        "attached_json": "Todos os achados, legíveis por máquina",
        "attached_csv": "Uma linha por segmento",
        "steps": "Tempo gasto",
    },
    paragraphs={
        "spectrogram": "Sob as células: o próprio som como espectrograma, de 0 a {top} kHz, mais "
        "escuro onde é mais forte. Mostra o que se ouve, não aquilo em que o detector se baseou.",
        "spectrogram_alt": "Abaixo, um espectrograma do mesmo som, de 0 a {top} kHz.",
        "strongest_text": "Espectrogramas simples dos segundos gravados cujos valores ficam mais "
        "longe de cada lado, de 0 a 8 kHz, frequências baixas em baixo. Mostram o som, não "
        "aquilo em que o detector se baseou: isso é indicado onde a opção “explain” foi pedida. "
        "Um só segundo diz pouco.",
        "strongest_explained": "Espectrogramas dos segundos gravados cujos valores ficam mais "
        "longe de cada lado, de 0 a 8 kHz, frequências baixas em baixo. Cada uma das {n} partes "
        "de um segundo foi ocultada à vez (substituída pela média do segundo) e o valor "
        "calculado de novo. Barra acima da linha, azul: essa parte falava a favor de uma pessoa; "
        "abaixo dela, laranja: a favor de sintética; uma barra cheia é uma mudança do LLR de "
        "{reach}. Isto mostra de onde veio o valor, não onde algo foi criado ou alterado. As "
        "partes atuam em conjunto, por isso as mudanças não se somam; e o simples ocultar tende "
        "a aproximar a voz de uma pessoa de sintética: comparem-se as partes entre si. Um só "
        "segundo diz pouco.",
        "strongest_alt": "Espectrograma do segundo {time}, de 0 a {top} kHz.",
        "occlusion_alt": "Mudança do LLR com cada uma das suas {n} partes ocultada, por ordem de "
        "tempo: {changes}.",
        "derivation_text": "MEDIA representa o ficheiro obtido. A soma após “decode” é tomada "
        "sobre os bytes que essa linha de comando escreve; a que segue “separate”, sobre a voz "
        "que a máscara deixou, em amostras float32.",
        "cores": "{n} núcleos",
        "signed": "O PDF e o JSON estão assinados. Uma assinatura válida mostra que nenhum byte "
        "mudou desde então. Quem detém a chave só se conhece pelo SHA-256 do certificado: "
        "compare-o com um que tenha chegado por outra via.",
        "unsigned": "Este relatório foi feito sem assinatura.",
        "verify_signature": "Assinatura. Execute verity verify com este PDF, ou com o JSON e seu "
        "arquivo .jws ao lado; qualquer leitor de PDF e qualquer biblioteca JWS também a "
        "verificam.",
        "provenance_absence": "A falta de tais dados nada significa: a maioria dos arquivos não os "
        "traz, e é fácil removê-los.",
        "provenance_note": "O que o signatário declara não foi verificado e não faz parte dos "
        "achados.",
        "provenance_synthetic": "O signatário declara que o conteúdo foi criado, no todo ou em "
        "parte, por um modelo treinado.",
        "review_note": "O achado automático acima não foi alterado; o parecer é do próprio perito.",
        "hp_bonafide": "A voz é fala de uma pessoa, gravada e transmitida.",
        "hp_spoof": "A voz foi feita ou convertida por um sistema de síntese de fala.",
        "method": "O som é descodificado a {sample_rate} Hz e cortado em segmentos de {segment}, um a cada "
        "{hop}. Uma rede de máscara encontra onde há voz e quanto outro som existe. Os segmentos com voz "
        "passam pelo detetor «{model}»; uma calibração em gravações reservadas transforma as suas "
        "pontuações em razões de verosimilhança. Julga-se a gravação tal como está, com o resto do som. Os "
        "segmentos mostram onde; o veredicto reúne toda a voz avaliada.",
        "method_none": "Nada foi avaliado; por isso não se aplicou nenhum método e não há taxas de erro "
        "para este item.",
        "decision": "Regra de decisão: pedem-se pelo menos {min_voiced} de voz avaliada. A voz é chamada "
        "sintética quando o LLR conjunto fica abaixo de {synthetic}; relata-se que não há indícios de "
        "síntese quando fica acima de {no_evidence}; entre os dois a resposta é inconclusiva. É chamada "
        "parcialmente sintética quando janelas de {span_window} de segmentos avaliados consecutivos têm um "
        "LLR conjunto abaixo de {span}, mais exigente com a duração (menos ln(segundos de voz / 60) acima "
        "de 60 s de voz num canal), enquanto restam pelo menos {span_window} de outra voz cujo LLR conjunto "
        "fica acima de {synthetic}; se há tais janelas sem que isto se cumpra, nunca se relata ausência de "
        "indícios. O que esta regra arrisca está na tabela abaixo, exceto para trechos marcados, que a "
        "tabela não abrange.",
        "threshold": "{llr} ({times} vezes a favor de {side})",
        "cap": "Nada neste relatório é chamado mais de {limit} vezes mais de esperar: a validação teve "
        "poucas vozes e geradores independentes para sustentar mais.",
        "scale": "O relatório diz quantas vezes mais de esperar são os achados sob uma proposição do que "
        "sob a outra. Não diz quão provável é uma proposição: isso depende também de tudo o mais que se "
        "sabe do caso. Perto de 1, os achados não ajudam a distinguir.",
        "rates": "Partes de todos os itens de teste da classe, indecisos incluídos, nos limiares aqui "
        "usados. O teste reservado ficou de parte até tudo estar escolhido; onde se "
        "fixaram limiares, as taxas lisonjeiam. Dos testes com tanta voz como este item, vale a linha "
        "cujas duas taxas têm a maior soma.",
        "timeline": "Cada célula é {cell}; a cor diz que proposição o som apoia, e com que força.",
        "timeline_lanes": "Uma linha por faixa.canal, e uma para a voz separada onde foi avaliada.",
        "timeline_curve": "A linha é a média móvel sobre {window}.",
        "cell_one": "um segundo",
        "cell_many": "{length}",
        "declared": "; o contentor declara {declared}",
        "track": "faixa {track}: {codec}, {rate} Hz, {channels} can., analisado: {used}",
        "timeline_alt": "Linha do tempo de {total}: {spoof} das células avaliadas apoiam que a voz é "
        "sintética, {bonafide} apoiam que uma pessoa falou, {neither} não ajudam, {unscored} não puderam "
        "ser avaliadas.",
        "segments_all": "Cada segmento tem uma linha.",
        "segments_folded": "Segmentos vizinhos que dizem o mesmo são dobrados numa linha; cada segmento está "
        "no CSV e no JSON anexados.",
        "segments_binned": "{n} segmentos, dobrados em trechos de {window}; cada segmento está no CSV e no "
        "JSON anexados.",
        "segments_sign": "LLR é o logaritmo natural da razão de verosimilhança (numa linha dobrada a média, "
        "depois do menor ao maior): positivo apoia que uma pessoa falou, negativo que a voz é sintética. "
        "«Voz» é a parte do tempo que contém voz. Faixas e canais contam aqui a partir de 1, em CSV e JSON "
        "a partir de 0.",
        "segments_none": "Nenhum segmento foi avaliado.",
        "verify_media": "Média. Calcule o SHA-256 do ficheiro e compare-o com o valor da página 1 (por "
        "exemplo com sha256sum). Outro valor significa que foram analisados outros bytes.",
        "verify_findings": "Achados. Tome “findings” do report.json anexado e calcule o SHA-256 da sua forma "
        "canónica (RFC 8785); deve igualar o valor abaixo, como mostra o comando abaixo.",
        "verify_repeat": "Repetição. Analise de novo os mesmos bytes com os mesmos ficheiros de modelo "
        "(SHA-256 acima) e opções, no mesmo tipo de processador: o SHA-256 dos achados sai igual.",
        "verify_command": "jq -cjS .findings report.json | sha256sum",
        "attachments": "report.json (todos os achados, legíveis por máquina, esquema report-v1) e "
        "segments.csv (uma linha por segmento).",
        "exclusions": "O ficheiro original não foi alterado. Este relatório só pode ser reproduzido na "
        "íntegra.",
    },
    glossary=(
        (
            "Bona fide",
            "Fala de uma pessoa, gravada e transmitida; pode estar editada ou comprimida.",
        ),
        ("Sintética", "Fala feita por conversão de texto em voz ou conversão de voz."),
        (
            "Razão de verosimilhança (LR)",
            "Quantas vezes mais de esperar são os achados sob uma "
            "proposição do que sob a outra. LLR é o seu logaritmo natural, bona fide sobre sintética.",
        ),
        ("Segmento", "Um segundo de um canal, a unidade mostrada."),
        (
            "Pontuação CM",
            "O número bruto do detetor antes da calibração; mais alto significa mais "
            "parecido com a fala de uma pessoa.",
        ),
        ("Conjunto", "Todos os segmentos avaliados em conjunto; é nisto que assenta o veredicto."),
        ("Voz separada", "A gravação depois de uma máscara retirar outro som."),
        ("SHA-256", "Uma soma de verificação que muda se um bit do ficheiro mudar."),
    ),
)
