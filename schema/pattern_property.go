package schema

import (
	"errors"
	"fmt"
	"strings"
	"unicode"
)

// property reads \p{…}. What both dialects know is a general category or a script.
func (r *patternReader) property(c rune) (patternItem, error) {
	name, _, ok := strings.Cut(r.in[r.at:], "}")
	if !ok || !strings.HasPrefix(name, "{") {
		return patternItem{}, fmt.Errorf(`\%c must be followed by {…}`, c)
	}
	r.at += len(name) + 1
	name = name[1:]
	key, value, hasKey := strings.Cut(name, "=")
	switch {
	case !hasKey:
		value = key
		if isWord(binaryProperties, value) {
			r.differ(`\%c{%s} isn't known here; use a general category such as \p{L} or Script=…`, c, value)
			return patternItem{class: `\pL`}, nil
		}
		value = category(value)
	case key == "gc", key == "General_Category":
		value = category(value)
	case key == "sc", key == "Script":
		value = script(value)
	case key == "scx", key == "Script_Extensions":
		if value = script(value); value != "" {
			r.differ(`\%c{%s} isn't known here; use Script=…`, c, name)
		}
	default:
		value = ""
	}
	if value == "" {
		return patternItem{}, errors.New("a property that ECMA-262 doesn't have, or no category or script of this name")
	}
	return patternItem{class: fmt.Sprintf(`\%c{%s}`, c, value)}, nil
}

// category returns RE2's name of a general category, "" if there is none.
func category(name string) string {
	if unicode.Categories[name] != nil {
		return name
	}
	return unicode.CategoryAliases[name]
}

// script returns RE2's name of a script, "" if there is none.
func script(name string) string {
	if unicode.Scripts[name] != nil {
		return name
	}
	if len(name) != 4 || strings.ContainsAny(name, " =") {
		return ""
	}
	_, rest, _ := strings.Cut(scriptCodes, " "+name+"=")
	long, _, _ := strings.Cut(rest, " ")
	return long
}

func isWord(list, name string) bool {
	return name != "" && !strings.Contains(name, " ") && strings.Contains(" "+list+" ", " "+name+" ")
}

// binaryProperties are ECMA-262's other properties and their short names. RE2 has none.
const binaryProperties = "ASCII ASCII_Hex_Digit AHex Alphabetic Alpha Any Assigned Bidi_Control Bidi_C Bidi_Mirrored Bidi_M Case_Ignorable " +
	"CI Cased Changes_When_Casefolded CWCF Changes_When_Casemapped CWCM Changes_When_Lowercased CWL " +
	"Changes_When_NFKC_Casefolded CWKCF Changes_When_Titlecased CWT Changes_When_Uppercased CWU Dash " +
	"Default_Ignorable_Code_Point DI Deprecated Dep Diacritic Dia Emoji Emoji_Component EComp Emoji_Modifier EMod " +
	"Emoji_Modifier_Base EBase Emoji_Presentation EPres Extended_Pictographic ExtPict Extender Ext Grapheme_Base " +
	"Gr_Base Grapheme_Extend Gr_Ext Hex_Digit Hex IDS_Binary_Operator IDSB IDS_Trinary_Operator IDST ID_Continue IDC " +
	"ID_Start IDS Ideographic Ideo Join_Control Join_C Logical_Order_Exception LOE Lowercase Lower Math " +
	"Noncharacter_Code_Point NChar Pattern_Syntax Pat_Syn Pattern_White_Space Pat_WS Quotation_Mark QMark Radical " +
	"Regional_Indicator RI Sentence_Terminal STerm Soft_Dotted SD Terminal_Punctuation Term Unified_Ideograph UIdeo " +
	"Uppercase Upper Variation_Selector VS White_Space space XID_Continue XIDC XID_Start XIDS"

// scriptCodes are the short names of Unicode's scripts, each with the long one, which alone is
// RE2's.
const scriptCodes = " Adlm=Adlam Aghb=Caucasian_Albanian Arab=Arabic Armi=Imperial_Aramaic Armn=Armenian Avst=Avestan " +
	"Bali=Balinese Bamu=Bamum Bass=Bassa_Vah Batk=Batak Beng=Bengali Bhks=Bhaiksuki Bopo=Bopomofo Brah=Brahmi " +
	"Brai=Braille Bugi=Buginese Buhd=Buhid Cakm=Chakma Cans=Canadian_Aboriginal Cari=Carian Cher=Cherokee " +
	"Chrs=Chorasmian Copt=Coptic Cpmn=Cypro_Minoan Cprt=Cypriot Cyrl=Cyrillic Deva=Devanagari Diak=Dives_Akuru " +
	"Dogr=Dogra Dsrt=Deseret Dupl=Duployan Egyp=Egyptian_Hieroglyphs Elba=Elbasan Elym=Elymaic Ethi=Ethiopic " +
	"Geor=Georgian Glag=Glagolitic Gong=Gunjala_Gondi Gonm=Masaram_Gondi Goth=Gothic Gran=Grantha Grek=Greek " +
	"Gujr=Gujarati Guru=Gurmukhi Hang=Hangul Hani=Han Hano=Hanunoo Hatr=Hatran Hebr=Hebrew Hira=Hiragana " +
	"Hluw=Anatolian_Hieroglyphs Hmng=Pahawh_Hmong Hmnp=Nyiakeng_Puachue_Hmong Hung=Old_Hungarian Ital=Old_Italic " +
	"Java=Javanese Kali=Kayah_Li Kana=Katakana Khar=Kharoshthi Khmr=Khmer Khoj=Khojki Kits=Khitan_Small_Script " +
	"Knda=Kannada Kthi=Kaithi Lana=Tai_Tham Laoo=Lao Latn=Latin Lepc=Lepcha Limb=Limbu Lina=Linear_A " +
	"Linb=Linear_B Lyci=Lycian Lydi=Lydian Mahj=Mahajani Maka=Makasar Mand=Mandaic Mani=Manichaean Marc=Marchen " +
	"Medf=Medefaidrin Mend=Mende_Kikakui Merc=Meroitic_Cursive Mero=Meroitic_Hieroglyphs Mlym=Malayalam " +
	"Mong=Mongolian Mroo=Mro Mtei=Meetei_Mayek Mult=Multani Mymr=Myanmar Nagm=Nag_Mundari Nand=Nandinagari " +
	"Narb=Old_North_Arabian Nbat=Nabataean Nkoo=Nko Nshu=Nushu Ogam=Ogham Olck=Ol_Chiki Orkh=Old_Turkic " +
	"Orya=Oriya Osge=Osage Osma=Osmanya Ougr=Old_Uyghur Palm=Palmyrene Pauc=Pau_Cin_Hau Perm=Old_Permic " +
	"Phag=Phags_Pa Phli=Inscriptional_Pahlavi Phlp=Psalter_Pahlavi Phnx=Phoenician Plrd=Miao " +
	"Prti=Inscriptional_Parthian Qaac=Coptic Qaai=Inherited Rjng=Rejang Rohg=Hanifi_Rohingya Runr=Runic " +
	"Samr=Samaritan Sarb=Old_South_Arabian Saur=Saurashtra Sgnw=SignWriting Shaw=Shavian Shrd=Sharada " +
	"Sidd=Siddham Sind=Khudawadi Sinh=Sinhala Sogd=Sogdian Sogo=Old_Sogdian Sora=Sora_Sompeng Soyo=Soyombo " +
	"Sund=Sundanese Sylo=Syloti_Nagri Syrc=Syriac Tagb=Tagbanwa Takr=Takri Tale=Tai_Le Talu=New_Tai_Lue " +
	"Taml=Tamil Tang=Tangut Tavt=Tai_Viet Telu=Telugu Tfng=Tifinagh Tglg=Tagalog Thaa=Thaana Tibt=Tibetan " +
	"Tirh=Tirhuta Tnsa=Tangsa Ugar=Ugaritic Vaii=Vai Vith=Vithkuqi Wara=Warang_Citi Wcho=Wancho Xpeo=Old_Persian " +
	"Xsux=Cuneiform Yezi=Yezidi Yiii=Yi Zanb=Zanabazar_Square Zinh=Inherited Zyyy=Common "
